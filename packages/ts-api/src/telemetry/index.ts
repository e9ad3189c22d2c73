/**
 * Spans of OpenTelemetry for the calls of a model. Needs `@opentelemetry/api`, which programs that make spans have.
 *
 * @module telemetry
 */
export { type TelemetryOptions, openTelemetry } from "./open-telemetry.js";
