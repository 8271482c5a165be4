import DVLADiagnostics
import DVLAJSON

/// A JSON value of a header. Opening checks all of them and builds those that a robot needs; the
/// others, which have a hundred thousand values, are built when they are asked for.
enum HeaderValue: Sendable {
  case built(JSONValue)
  /// Its text where it stands in the header, inside a string, checked.
  case written([UInt8], Range<Int>)

  /// At least the limits that the text was checked against.
  private static let limits = JSONLimits(maximumDepth: 72, maximumObjectCount: 400_000)

  var value: JSONValue {
    switch self {
    case .built(let value): return value
    case .written(let header, let range):
      do throws(WeightsError) {
        return try StrictJSON.parse(
          HeaderCursor.unescaped(header[range]), limits: Self.limits)
      } catch {
        preconditionFailure("a document that was checked when the bundle was opened: \(error)")
      }
    }
  }
}
