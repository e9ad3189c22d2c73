/** Drawings of 16 by 16, as lines. */
const paths = {
  list: "M2.500 4h11M2.500 8h11M2.500 12h7",
  settings: "M2.500 5h6M12.500 5h1M2.500 11h1M7.500 11h6M10.500 3v4M5.500 9v4",
  inspector: "M2.500 3.500h11v9h-11zM2.500 6.500h11M6.500 6.500v6",
  code: "M5.500 4.500 2 8l3.500 3.500M10.500 4.500 14 8l-3.500 3.500",
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
  done: "M3 8.500 6.500 12 13 4.500",
  retry: "M12.500 8a4.500 4.500 0 1 1-1.500-3.400M12.500 2.500V5H10",
  edit: "M3 13l.7-3L10.500 3.200l2.300 2.300L6 12.300z",
  trash: "M3 4.500h10M6.500 4.500V3h3v1.500M4.500 4.500l.6 8.500h5.800l.6-8.500",
  before: "M9.500 4 5.500 8l4 4",
  after: "M6.500 4l4 4-4 4",
  send: "M8 13V3.500M4 7l4-4 4 4",
  stop: "M4.500 4.500h7v7h-7z",
  download: "M8 2.500v8M4.500 7.500 8 11l3.500-3.500M3 13.500h10",
  upload: "M8 11V3M4.500 6 8 2.500 11.500 6M3 13.500h10",
  sun: "M8 5.200a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600zM8 1.500v1.200M8 13.300v1.200M1.500 8h1.200M13.300 8h1.200M3.400 3.400l.9.9M11.700 11.700l.9.9M12.600 3.400l-.9.9M4.300 11.700l-.9.9",
  moon: "M13 9.300A5.500 5.500 0 0 1 6.700 3 5.500 5.500 0 1 0 13 9.300z",
  system: "M2.500 3.500h11v7.500h-11zM6 13.500h4",
  help: "M5.800 6a2.200 2.200 0 1 1 3.300 1.900c-.7.400-1.100.8-1.100 1.600M8 12v.3",
  tool: "M3 4.500 6.500 8 3 11.500M8.500 12H13",
  down: "M8 3v9.500M4 9l4 4 4-4",
} as const;

/** What an icon can show. */
export type IconName = keyof typeof paths;

/** A drawing beside words, or in a button that has a name. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
