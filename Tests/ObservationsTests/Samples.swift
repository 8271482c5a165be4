import DVLADiagnostics
import DVLAHashing
import DVLAImages
import DVLAJSON
import DVLAObservations
import DVLATensors
import DVLATestSupport
import Testing

/// Observations of the tests, and what `Fixtures/generate/observations.py` wrote.
enum Samples {
  static let names = FixtureFolder.names(in: "observations", suffix: ".safetensors")
    .map { String($0.dropLast(".safetensors".count)) }

  static func bytes(_ name: String) throws -> [UInt8] {
    try FixtureFolder.bytes("observations/\(name).safetensors")
  }

  static func json(_ name: String) throws -> JSONObject {
    let text = String(decoding: try FixtureFolder.bytes("observations/\(name).json"), as: UTF8.self)
    let document = try StrictJSON.parse(text)
    return try #require(document.object)
  }

  static let origin = RecordedAnswer.Origin(
    root: SHA256.hash([]), release: nil, family: "pi0", bf16: "exact", int8: "exact", steps: 10,
    mask: "block", usesDepthExpert: false, robot: nil, tool: "test 1",
    time: "2026-11-30T14:05:00.250Z")

  /// - Parameter side: of its picture.
  static func observation(
    _ number: Int = 0, side: Int = 2, answer: RecordedAnswer? = nil
  ) throws -> RecordedObservation {
    let picture = RGBImage(
      width: side, height: side,
      pixels: [UInt8](repeating: UInt8(number % 256), count: 3 * side * side))
    return try RecordedObservation(
      cameras: [.init(name: "base", picture: picture)], instruction: "number \(number)",
      state: .init([Double(number)]), noise: Tensor([1, 2], shape: [1, 2]), source: JSONObject(),
      versions: JSONObject(), answer: answer)
  }
}

/// Expects an error of a code, of one line.
func refused(_ code: String, _ body: () throws -> Void) {
  do {
    try body()
    Issue.record("expected \(code), found no error")
  } catch let error as WeightsError {
    #expect(error.code.rawValue == code, "\(error)")
    #expect(!error.description.contains("\n"))
  } catch { Issue.record(error) }
}
