// Stands for an addon of another version, by WICK_NATIVE_PATH.
exports.Engine = class {
  schemaHash() {
    return "0000000000000000";
  }
};
