// Preloaded by `npm run demo -- --wasm`: what asks for `wick` gets `wick/wasm`.

import { registerHooks } from "node:module";

registerHooks({
  resolve: (specifier, context, next) => next(specifier === "wick" ? "wick/wasm" : specifier, context),
});
