import DVLADiagnostics
import Testing

/// Expects `body` to throw an error of that code and kind whose line is `line`.
func expectError(
  _ code: WeightsError.Code, _ kind: WeightsError.Kind, _ line: String,
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
  do {
    try body()
    Issue.record("no error, expected \(code.rawValue)", sourceLocation: sourceLocation)
  } catch let error as WeightsError {
    #expect(error.code == code, sourceLocation: sourceLocation)
    #expect(error.kind == kind, sourceLocation: sourceLocation)
    #expect(error.description == line, sourceLocation: sourceLocation)
  } catch {
    Issue.record("\(error), expected \(code.rawValue)", sourceLocation: sourceLocation)
  }
}
