import DVLAJSON
import DVLAParity
import DVLATensors
import DVLATestSupport

/// A safetensors file put together by hand, so that a test does not check the toolkit's own writer
/// against its reader.
struct GoldenBuilder {
  private var tensors: [(name: String, tensor: PlainTensor)] = []
  var metadata: [(String, String)] = []

  mutating func add(_ name: String, _ dtype: String, _ shape: [Int], bytes: [UInt8]) {
    tensors.append((name, PlainTensor(dtype, shape, bytes)))
  }

  mutating func doubles(_ name: String, _ shape: [Int], _ values: [Double]) {
    add(name, "F64", shape, bytes: values.flatMap { littleEndian($0.bitPattern) })
  }

  mutating func floats(_ name: String, _ shape: [Int], _ values: [Float]) {
    add(name, "F32", shape, bytes: values.flatMap { littleEndian($0.bitPattern) })
  }

  mutating func integers(_ name: String, _ shape: [Int], _ values: [Int64]) {
    add(name, "I64", shape, bytes: values.flatMap { littleEndian($0) })
  }

  var bytes: [UInt8] {
    var entries: [(String, JSONValue)] = []
    if !metadata.isEmpty {
      entries.append(
        ("__metadata__", .object(JSONObject(metadata.map { ($0.0, .string($0.1)) }))))
    }
    var data: [UInt8] = []
    for (name, tensor) in tensors {
      let range = [data.count, data.count + tensor.bytes.count]
      entries.append(
        (
          name,
          [
            "dtype": .string(tensor.dtype),
            "shape": .array(tensor.shape.map { .integer(Int64($0)) }),
            "data_offsets": .array(range.map { .integer(Int64($0)) }),
          ]
        ))
      data += tensor.bytes
    }
    let header = Array(JSONValue.object(JSONObject(entries)).encoded().utf8)
    return littleEndian(UInt64(header.count)) + header + data
  }

  /// Writes the file and opens it.
  func open(in scratch: ScratchFolder, as name: String = "golden.safetensors") throws -> Golden {
    try Golden(path: scratch.write(bytes, to: name))
  }
}

func littleEndian<Word: FixedWidthInteger>(_ value: Word) -> [UInt8] {
  (0..<MemoryLayout<Word>.size).map { UInt8(truncatingIfNeeded: value >> Word($0 * 8)) }
}
