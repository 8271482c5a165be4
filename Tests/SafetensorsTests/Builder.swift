import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLASafetensors
import DVLATensors
import Testing

/// A file from its parts: the length of `header` unless another is given, the header, and as many
/// bytes of data.
func fileBytes(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
  fileBytes(
    Array(header.utf8), data: (0..<data).map { UInt8(truncatingIfNeeded: $0) }, length: length)
}

func fileBytes(_ header: [UInt8], data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
  let length = length ?? UInt64(header.count)
  return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header + data
}

/// One member of a header.
func member(_ name: String, _ dtype: String, _ shape: String, _ offsets: String) -> String {
  #""\#(name)":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}"#
}

/// One F32 member of a header.
func member(_ name: String, _ shape: String, _ offsets: String) -> String {
  member(name, "F32", shape, offsets)
}

/// Reads a header as if from a file with `data` bytes behind it.
func parse(
  _ header: String, data: Int, limits: SafetensorsLimits = .default
) throws(WeightsError) -> SafetensorsHeader {
  let bytes = Array(header.utf8)
  return try unsafe SafetensorsHeader.parse(
    bytes.span.bytes, fileByteCount: 8 + bytes.count + data, limits: limits)
}

/// Expects an error of that code whose line, without the folder of the test, is `line`.
func expectError(
  _ code: WeightsError.Code, _ line: String, kind: WeightsError.Kind = .malformed,
  in folder: String = "", details: [String]? = nil,
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws(WeightsError) -> Void
) {
  do throws(WeightsError) {
    try body()
    Issue.record("no error, expected \(code.rawValue)", sourceLocation: sourceLocation)
  } catch {
    let found = error.description.split(separator: folder + "/", omittingEmptySubsequences: true)
      .joined()
    #expect(error.code == code, sourceLocation: sourceLocation)
    #expect(error.kind == kind, sourceLocation: sourceLocation)
    #expect((folder.isEmpty ? error.description : found) == line, sourceLocation: sourceLocation)
    if let details { #expect(error.details == details, sourceLocation: sourceLocation) }
  }
}
