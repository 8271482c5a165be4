import Diagnostics
import StrictJSON

extension Vocabulary {
  /// Reads a `tokenizer.json`.
  init(tokenizerJSON bytes: [UInt8]) throws(WeightsError) {
    _ = try StrictJSON.parse(bytes)
    throw WeightsError(.tokenizerUnsupported, "expected tokenizer.model")
  }
}
