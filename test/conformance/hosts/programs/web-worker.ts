// What runs a model apart from its page.

export * from "wick/worker";
