import DVLADiagnostics
import DVLANormalization
import DVLANumPyFiles
import DVLATensors
import DVLATestSupport
import DVLATokenization
import Testing

/// Limits of what a policy is given.
struct PolicyFileLimitTests {
  @Test func ofStatisticsStatesAndArrays() throws {
    expectLimit("statistics.format", 16 << 20) { (count) throws(WeightsError) in
      let text = Array(#"{"action": {"mean": [1], "std": [1]}}"#.utf8)
      let space = [UInt8](repeating: 0x20, count: count - text.count)
      _ = try PolicyStatistics(contents: text + space, fileName: "s")
    }
    expectLimit("npy.header", 64) { (count) throws(WeightsError) in
      let ones = String(repeating: "1, ", count: count)
      _ = try npy("{'descr': '<f4', 'fortran_order': False, 'shape': (\(ones)), }\n")
    }
    let scratch = try ScratchFolder()
    expectLimit("state.count", StateFile.maximumCount) { (count) throws(WeightsError) in
      let numbers = Array(repeating: "0", count: count).joined(separator: ",")
      _ = try StateFile.read(path: scratch.put("[\(numbers)]"))
    }
    expectLimit("file.too-large", 1 << 20) { (count) throws(WeightsError) in
      let text = "[0]" + String(repeating: " ", count: count - 3)
      _ = try StateFile.read(path: scratch.put(text))
    }
    expectLimit("npy.header", 10_000) { (count) throws(WeightsError) in
      let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (), "
      let header = text + String(repeating: " ", count: count - text.utf8.count - 2) + "}\n"
      _ = try npy(header)
    }
  }

  /// An array of one number.
  private func npy(_ header: String) throws(WeightsError) -> NPYArray {
    let count = header.utf8.count
    return try NPYArray(
      [0x93] + Array("NUMPY\u{1}\u{0}".utf8) + [UInt8(count & 0xFF), UInt8(count >> 8)]
        + Array(header.utf8) + [0, 0, 0, 0])
  }

  @Test func ofValuesOfStatistics() {
    // Three objects, two lists, and the only deviation.
    expectLimit("json.too-many-values", 500_000 - 5, within: "statistics.width") {
      (count) throws(WeightsError) in
      let ones = Array(repeating: "1", count: count).joined(separator: ",")
      _ = try PolicyStatistics(
        contents: Array("{\"action\": {\"mean\": [\(ones)], \"std\": [1]}}".utf8), fileName: "s")
    }
    expectLimit("json.depth", 16) { (depth) throws(WeightsError) in
      let nested =
        String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
      _ = try PolicyStatistics(
        contents: Array(
          "{\"action\": {\"mean\": [1], \"std\": [1]}, \"more\": \(nested)}".utf8), fileName: "s")
    }
  }

  /// Sparse files of zeros, which are no floats.
  @Test func ofNoise() throws {
    let scratch = try ScratchFolder()
    expectLimit("file.too-large", 64 << 20, within: "noise.tensor") {
      (count) throws(WeightsError) in
      let data = count - 8 - 72
      let text = #"{"noise":{"dtype":"U8","shape":[\#(data)],"data_offsets":[0,\#(data)]}}"#
      let header = text + String(repeating: " ", count: 72 - text.utf8.count)
      _ = try NoiseFile.read(
        path: scratch.putSparse([72, 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8), byteCount: count),
        shape: [8, 7])
    }
  }

  /// Four times as many as PaliGemma has.
  @Test func ofNumbersOfPieces() throws {
    let model = try FixtureFolder.bytes("tokenizers/tiny/tokenizer.model")
    let count = try Tokenizer(sentencePieceModel: model).vocabularySize
    var pieces: [UInt8] = []
    for number in count...1 << 20 {
      let text = Array("piece \(number)".utf8)
      let content = [0x0A, UInt8(text.count)] + text
      pieces += [0x0A, UInt8(content.count)] + content
    }
    let last = 4 + Array("piece \(1 << 20)".utf8).count
    expectLimit("tokenizer.malformed", 1 << 20) { (count) throws(WeightsError) in
      let end = count > 1 << 20 ? pieces.count : pieces.count - last
      _ = try Tokenizer(sentencePieceModel: model + pieces[..<end])
    }
  }

  @Test func ofValuesOfTokenizers() {
    // The object and the list around them count too.
    expectLimit("json.too-many-values", 2_500_000 - 2, within: "json.unknown-key") {
      (count) throws(WeightsError) in
      let zeros = Array(repeatElement([0x2C, 0x30] as [UInt8], count: count).joined().dropFirst())
      _ = try Tokenizer(tokenizerJSON: Array("{\"x\":[".utf8) + zeros + Array("]}".utf8))
    }
  }

  @Test func ofPiecesOfTokenizers() throws {
    let model = try FixtureFolder.bytes("tokenizers/tiny/tokenizer.model")
    func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
      [number << 3 | 2, UInt8(content.count & 0x7F | 0x80), UInt8(content.count >> 7)] + content
    }
    func piece(_ text: String) -> [UInt8] { field(1, field(1, Array(text.utf8)) + [3 << 3, 4]) }
    expectLimit("tokenizer.malformed", 512) { (count) throws(WeightsError) in
      _ = try Tokenizer(sentencePieceModel: model + piece(String(repeating: "x", count: count)))
    }
    expectLimit("tokenizer.malformed", 64) { (count) throws(WeightsError) in
      let nested = (1...count).flatMap { piece(String(repeating: "é", count: $0)) }
      _ = try Tokenizer(sentencePieceModel: model + nested)
    }
  }
}
