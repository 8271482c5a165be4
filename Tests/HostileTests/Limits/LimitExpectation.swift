public import DVLADiagnostics
import DVLATestSupport
import Glibc
import Testing

/// Expects what is at a limit of the page "Limits" to be taken, and one more to be refused.
///
/// - Parameters:
///   - other: what is refused of it at the limit, where nothing that large could be sound.
///   - body: gives what is to be read a file with so many of what is counted.
func expectLimit(
  _ code: WeightsError.Code, _ limit: Int, within other: WeightsError.Code? = nil,
  at location: SourceLocation = #_sourceLocation, _ body: (Int) throws(WeightsError) -> Void
) {
  let within = refusal { () throws(WeightsError) in try body(limit) }
  #expect(
    within?.code == other, "\(limit): \(within?.description ?? "")", sourceLocation: location)
  let error = refusal { () throws(WeightsError) in try body(limit + 1) }
  #expect(
    error?.code == code, "\(limit + 1): \(error?.description ?? "")", sourceLocation: location)
  #expect((error?.description.utf8.count ?? 0) < 2000, sourceLocation: location)
}

extension WeightsError.Code: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}

extension ScratchFolder {
  func put(_ text: String, to name: String = "x") throws(WeightsError) -> String {
    try put(Array(text.utf8), to: name)
  }

  func put(_ bytes: [UInt8], to name: String = "x") throws(WeightsError) -> String {
    do { return try write(bytes, to: name) } catch { throw WeightsError("test.write", "\(error)") }
  }

  /// A file that ends with zeros, which take no place on the disk.
  func putSparse(
    _ bytes: [UInt8], byteCount: Int, to name: String = "x"
  ) throws(WeightsError) -> String {
    let path = try put(bytes, to: name)
    guard unsafe truncate(path, byteCount) == 0 else {
      throw WeightsError("test.write", "no sparse file")
    }
    return path
  }
}
