/** What Node's fetch sends a request with (https://undici.nodejs.org, `Dispatcher`). */
interface Dispatcher {
  dispatch(options: object, handler: object): boolean;
}

const globalDispatcher = Symbol.for("undici.globalDispatcher.1");

/**
 * Options of a fetch by which Node does not end it by itself, after 300 s without headers or between two pieces of the body: our own
 * limits are the program's to set. Whatever the process has set up for its requests, such as a proxy, is still what sends them.
 * Nothing elsewhere.
 */
export function withoutNodeTimeouts(): object {
  const global: unknown = Reflect.get(globalThis, globalDispatcher);
  if (!isDispatcher(global)) return {};
  const dispatcher: Dispatcher = {
    dispatch: (options, handler) => global.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler),
  };
  return { dispatcher };
}

function isDispatcher(value: unknown): value is Dispatcher {
  return typeof value === "object" && value !== null && "dispatch" in value && typeof value.dispatch === "function";
}
