import Foundation
import Testing

/// The arrays of `Fixtures/kernels`.
struct Fixture {
  private struct Index: Decodable {
    struct Entry: Decodable { var offset, byteCount: Int }
    var arrays: [String: Entry]
  }

  private let index: Index
  private let blob: [UInt8]

  /// - Parameter name: `kernels`, or `rows` for what forward passes need.
  init(_ name: String = "kernels") throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Fixtures/kernels")
    index = try JSONDecoder().decode(
      Index.self, from: Data(contentsOf: folder.appending(path: "\(name).json")))
    blob = try [UInt8](Data(contentsOf: folder.appending(path: "\(name).bin")))
  }

  func bytes(_ name: String) throws -> [UInt8] {
    let entry = try #require(index.arrays[name], "no array \(name)")
    return Array(blob[entry.offset..<entry.offset + entry.byteCount])
  }

  func integers<Integer: FixedWidthInteger>(
    _ name: String, _: Integer.Type = Integer.self
  ) throws -> [Integer] {
    try decode(bytes(name))
  }

  func floats(_ name: String) throws -> [Float] {
    try integers(name, UInt32.self).map(Float.init(bitPattern:))
  }

  func doubles(_ name: String) throws -> [Double] {
    try integers(name, UInt64.self).map(Double.init(bitPattern:))
  }
}

func decode<Integer: FixedWidthInteger>(_ bytes: [UInt8]) -> [Integer] {
  let width = MemoryLayout<Integer>.size
  return stride(from: 0, to: bytes.count, by: width).map { start in
    (0..<width).reduce(0) { $0 | Integer(truncatingIfNeeded: bytes[start + $1]) << (8 * $1) }
  }
}

func encode<Integer: FixedWidthInteger>(_ values: [Integer]) -> [UInt8] {
  values.flatMap { value in
    (0..<MemoryLayout<Integer>.size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

func encode(_ values: [Float]) -> [UInt8] { encode(values.map(\.bitPattern)) }
