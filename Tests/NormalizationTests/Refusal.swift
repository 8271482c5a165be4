import DVLADiagnostics
import Testing

/// Expects an error of the code, on one line that names the file.
func expectRefusal<Result>(
  _ code: String, file: String? = nil, mentioning words: String...,
  location: SourceLocation = #_sourceLocation, _ body: () throws -> Result
) {
  let error = #expect(throws: WeightsError.self, sourceLocation: location) { try body() }
  guard let error else { return }
  #expect(error.code.rawValue == code, "\(error)", sourceLocation: location)
  if let file {
    #expect(error.description.hasPrefix(file + ": "), "\(error)", sourceLocation: location)
  }
  #expect(!error.description.contains("\n"), sourceLocation: location)
  for word in words {
    #expect(error.message.contains(word), "\(error)", sourceLocation: location)
  }
}
