/** A schema, and a value of it as a model might write it. */
export interface SchemaCase {
  readonly name: string;
  readonly schema: object;
  readonly value: unknown;
}

const text = (description: string) => ({ type: "string", description });
const object = (properties: Record<string, object>, required = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

const address = object({
  street: text("Street and number, as it is written in the country of the address"),
  city: text("City, town or village, without a postal code and without the name of a region"),
  postalCode: { type: "string", pattern: "^[A-Z0-9 -]{3,10}$", description: "Postal code" },
  country: {
    enum: ["AT", "BE", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "NL", "NO", "PL", "PT", "SE", "US"],
  },
});
const item = object(
  {
    sku: { type: "string", pattern: "^[A-Z]{3}-\\d{4}$", description: "Number of the article in the shop's catalogue" },
    name: text("What the article is called in the shop, in the language of the order"),
    quantity: { type: "integer", minimum: 1, maximum: 999, description: "How many pieces of it were ordered" },
    unitPrice: { type: "number", minimum: 0, description: "Price of one piece, without tax, in the order's currency" },
    taxRate: { enum: [0, 5.5, 7, 10, 19, 20, 21, 25], description: "Percent of tax on top of the price" },
    options: { type: "array", items: text("A size, a colour or an engraving"), maxItems: 8 },
    gift: { type: "boolean", description: "Whether it is wrapped as a gift, and without a price tag" },
  },
  ["sku", "name", "quantity", "unitPrice", "taxRate"],
);
const party = object({
  name: text("First and last name of a person, or the name of a company with its legal form"),
  email: { type: "string", format: "email", description: "Where the confirmation of the order is sent" },
  phone: { type: ["string", "null"], description: "With the country's code, or null where it is not known" },
  address,
});

/** Of five kilobytes, as programs in a trade have them. */
export const order: SchemaCase = {
  name: "an order, 5 kB",
  schema: object({
    id: { type: "string", format: "uuid", description: "Number of the order, as the shop's own system has given it" },
    placedAt: {
      type: "string",
      format: "date-time",
      description: "When the order was placed, in coordinated universal time",
    },
    currency: { enum: ["CHF", "DKK", "EUR", "GBP", "NOK", "PLN", "SEK", "USD"] },
    buyer: party,
    recipient: { anyOf: [party, { type: "null" }], description: "Who gets the parcel, where that is not the buyer" },
    items: {
      type: "array",
      items: item,
      minItems: 1,
      maxItems: 50,
      description: "What was ordered, one entry for each article",
    },
    payment: {
      anyOf: [
        object({
          kind: { const: "card" },
          last4: { type: "string", pattern: "^\\d{4}$" },
          brand: { enum: ["visa", "mastercard", "amex"] },
        }),
        object({ kind: { const: "transfer" }, iban: { type: "string", pattern: "^[A-Z]{2}\\d{2}[A-Z0-9]{10,30}$" } }),
        object({ kind: { const: "invoice" }, dueInDays: { type: "integer", minimum: 7, maximum: 90 } }),
      ],
      description:
        "How the order is paid: by a card that was charged already, by a transfer, or by an invoice that comes along",
    },
    notes: {
      type: "array",
      items: text("What the buyer or the shop has added in words of their own, one entry for each remark"),
    },
    priority: {
      enum: ["low", "normal", "high", "urgent"],
      description: "How soon the order has to leave the warehouse",
    },
    status: { enum: ["new", "confirmed", "packed", "sent", "delivered", "returned", "cancelled"] },
    shipping: object({
      carrier: {
        enum: ["dhl", "dpd", "gls", "hermes", "post", "ups"],
        description: "Who brings the parcel to the recipient",
      },
      trackingNumber: {
        type: ["string", "null"],
        description: "As the carrier has given it, or null before the parcel has left",
      },
      expectedOn: {
        type: "string",
        format: "date",
        description: "Day on which the carrier says that the parcel arrives",
      },
    }),
  }),
  value: {
    id: "0f8fad5b-d9cb-469f-a165-70867728950e",
    placedAt: "2026-11-30T08:15:00Z",
    currency: "EUR",
    buyer: {
      name: "Amélie Lefèvre",
      email: "amelie.lefevre@example.org",
      phone: "+33 1 23 45 67 89",
      address: { street: "12 rue de la Paix", city: "Paris", postalCode: "75002", country: "FR" },
    },
    recipient: null,
    items: [
      {
        sku: "LMP-0042",
        name: 'Desk lamp "Aurora"',
        quantity: 2,
        unitPrice: 49.9,
        taxRate: 20,
        options: ["brass", "warm white"],
        gift: true,
      },
      { sku: "BLB-1187", name: "LED bulb E27, 806 lm", quantity: 6, unitPrice: 3.25, taxRate: 20 },
    ],
    payment: { kind: "card", last4: "4242", brand: "visa" },
    notes: [
      "Please ring twice; the bell of the courtyard is hard to hear.",
      "Gift card: « Joyeux anniversaire, Tom ! 🎂 »",
    ],
    priority: "high",
    status: "confirmed",
    shipping: { carrier: "dhl", trackingNumber: null, expectedOn: "2026-12-03" },
  },
};

export const cases: readonly SchemaCase[] = [
  order,
  {
    name: "a tool call",
    schema: object({
      name: { enum: ["get_weather", "get_time", "search"] },
      arguments: object({
        city: { type: "string" },
        unit: { enum: ["celsius", "fahrenheit"] },
        days: { type: "integer" },
      }),
    }),
    value: { name: "get_weather", arguments: { city: "San Francisco, CA", unit: "fahrenheit", days: 3 } },
  },
  {
    name: "an extraction",
    schema: object({
      title: { type: "string" },
      summary: { type: "string" },
      people: { type: "array", items: object({ name: { type: "string" }, role: { type: ["string", "null"] } }) },
      sentiment: { enum: ["negative", "neutral", "positive"] },
      confidence: { type: "number", minimum: 0, maximum: 1 },
    }),
    value: {
      title: "City council approves the new tram line",
      summary:
        "After eleven years of debate the council voted 34 to 19 for a tram line along the river. Construction begins next spring; " +
        'critics call the 412 million euros "a monument on rails", while shop owners on the Uferstraße hope for more customers.',
      people: [
        { name: "Jana Novák", role: "mayor" },
        { name: "Dr. Ólafur Þór", role: null },
      ],
      sentiment: "neutral",
      confidence: 0.87,
    },
  },
  {
    name: "any object",
    schema: { type: "object" },
    value: { a: [1, 2.5e3, -0.1], "naïve key": { b: null, c: "日本語のテキスト\n第二行" } },
  },
  {
    name: "a tree",
    schema: {
      $defs: {
        node: object({ label: { type: "string" }, children: { type: "array", items: { $ref: "#/$defs/node" } } }),
      },
      $ref: "#/$defs/node",
    },
    value: {
      label: "animals",
      children: [
        { label: "birds", children: [{ label: "crow", children: [] }] },
        { label: "fish", children: [] },
      ],
    },
  },
];
