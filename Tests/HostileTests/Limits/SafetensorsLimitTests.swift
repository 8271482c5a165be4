import DVLADiagnostics
import DVLAJSON
import DVLASafetensors
import DVLATestSupport
import Glibc
import Testing

/// Limits of safetensors files and of folders with them.
struct SafetensorsLimitTests {
  private func header(_ text: String, data: Int) throws(WeightsError) {
    let length = (0..<8).map { UInt8(truncatingIfNeeded: text.utf8.count >> (8 * $0)) }
    _ = try SafetensorsHeader.parse(
      file: length + Array(text.utf8) + [UInt8](repeating: 0, count: data))
  }

  @Test func ofSafetensorsHeaders() {
    let entry = #"{"dtype":"U8","shape":[],"data_offsets":[0,1]}"#
    expectLimit(.safetensorsNameTooLong, 1024) { (count) throws(WeightsError) in
      try header("{\"\(String(repeating: "n", count: count))\":\(entry)}", data: 1)
    }
    expectLimit(.safetensorsRank, 8) { (count) throws(WeightsError) in
      let shape = Array(repeating: "1", count: count).joined(separator: ",")
      try header(#"{"a":{"dtype":"U8","shape":[\#(shape)],"data_offsets":[0,1]}}"#, data: 1)
    }
    expectLimit(.safetensorsMetadataTooLong, 1024) { (count) throws(WeightsError) in
      let key = String(repeating: "k", count: count)
      try header(#"{"__metadata__":{"\#(key)":""}}"#, data: 0)
    }
    expectLimit(.safetensorsMetadataCount, 10_000) { (count) throws(WeightsError) in
      let members = (0..<count).map { "\"\($0)\":\"\"" }.joined(separator: ",")
      try header("{\"__metadata__\":{\(members)}}", data: 0)
    }
  }

  /// Tested with smaller numbers, beside the module: files of these sizes would take minutes.
  @Test func thePublishedNumbersHold() {
    let limits = SafetensorsLimits.default
    #expect(limits.headerByteCount == 100_000_000)
    #expect(limits.metadataValueByteCount == 64 << 20)
    #expect(limits.tensorCount == 100_000)
  }

  @Test func ofEntriesOfFolders() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.put(Self.empty, to: "model.safetensors")
    // A file may have 65 000 names, which cost less than as many files.
    for start in [1, 50_000] {
      _ = try scratch.put("", to: "\(start)")
      for number in start + 1..<start + (start == 1 ? 49_999 : 50_000) {
        guard unsafe link(scratch("\(start)"), scratch("\(number)")) == 0 else {
          throw WeightsError("test.write", "no link: \(errno)")
        }
      }
    }
    expectLimit("file.too-large", 100_000) { (count) throws(WeightsError) in
      if count > 100_000 { _ = try scratch.put("", to: "one more") }
      _ = try Checkpoint(path: scratch.path)
    }
  }

  @Test func ofIndexes() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.put(Self.empty, to: "x.safetensors")
    // Two objects are around them.
    expectLimit("json.too-many-values", 101_000, within: "checkpoint.tensor-missing") {
      (count) throws(WeightsError) in
      let map = (0..<count - 2).map { "\"t\($0)\":\"x.safetensors\"" }.joined(separator: ",")
      _ = try scratch.put("{\"weight_map\":{\(map)}}", to: "model.safetensors.index.json")
      _ = try Checkpoint(path: scratch.path)
    }
    expectLimit("json.depth", 4, within: "checkpoint.index") { (depth) throws(WeightsError) in
      let open = String(repeating: "[", count: depth - 2)
      let close = String(repeating: "]", count: depth - 2)
      _ = try scratch.put(
        "{\"weight_map\":{\"a\":\(open)\(close)}}", to: "model.safetensors.index.json")
      _ = try Checkpoint(path: scratch.path)
    }
    let index = #"{"weight_map":{"a":"x.safetensors"}}"#
    var limits = SafetensorsLimits()
    limits.headerByteCount = 1000
    expectLimit("file.too-large", 1000) { (count) throws(WeightsError) in
      _ = try scratch.put(
        index + String(repeating: " ", count: count - index.utf8.count),
        to: "model.safetensors.index.json")
      _ = try Checkpoint(path: scratch.path, limits: limits)
    }
  }

  @Test func ofConfigurations() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.put(Self.empty, to: "model.safetensors")
    expectLimit("file.too-large", 16 << 20) { (count) throws(WeightsError) in
      _ = try scratch.put("{}" + String(repeating: " ", count: count - 2), to: "config.json")
      _ = try Checkpoint(path: scratch.path)
    }
    // The object and the list around them count too.
    expectLimit("json.too-many-values", 200_000 - 2) { (count) throws(WeightsError) in
      let zeros = Array(repeating: "0", count: count).joined(separator: ",")
      _ = try scratch.put("{\"a\":[\(zeros)]}", to: "config.json")
      _ = try Checkpoint(path: scratch.path)
    }
  }

  /// A file with one tensor of no elements.
  private static let empty: [UInt8] = {
    let text = Array(#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#.utf8)
    return [UInt8(text.count), 0, 0, 0, 0, 0, 0, 0] + text
  }()

  @Test func ofShardNames() throws {
    let scratch = try ScratchFolder()
    for (count, code) in [(255, nil), (256, WeightsError.Code.checkpointShardName)] {
      let name = String(repeating: "n", count: count - 12) + ".safetensors"
      try scratch.makeFolder("\(count)")
      // A longer name no file system has.
      if count <= 255 { try scratch.write(Self.empty, to: "\(count)/\(name)") }
      try scratch.write(
        "{\"weight_map\":{\"a\":\"\(name)\"}}", to: "\(count)/model.safetensors.index.json")
      let error = refusal { () throws(WeightsError) in
        _ = try Checkpoint(path: scratch("\(count)"))
      }
      #expect(error?.code == code, "\(error?.description ?? "")")
    }
  }
}
