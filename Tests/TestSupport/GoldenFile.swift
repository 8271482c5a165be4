import DVLAJSON
public import DVLATensors

/// The tensors of a safetensors file under `Fixtures`, read without the library under test.
public struct GoldenFile {
  private struct Entry {
    var dtype: String
    var shape: [Int]
    var range: Range<Int>
  }

  private let bytes: [UInt8]
  private let entries: [String: Entry]

  /// - Parameter path: relative to the folder of fixtures.
  public init(_ path: String) throws {
    bytes = try FixtureFolder.bytes(path)
    let headerEnd = 8 + bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try StrictJSON.parse(String(decoding: bytes[8..<headerEnd], as: UTF8.self))
    var entries: [String: Entry] = [:]
    for (name, value) in header.object?.members ?? [] where name != "__metadata__" {
      guard let object = value.object, let dtype = object["dtype"]?.string,
        let shape = object["shape"]?.array?.compactMap(\.integer),
        let offsets = object["data_offsets"]?.array?.compactMap(\.integer), offsets.count == 2
      else { throw GoldenError.malformed(name) }
      entries[name] = Entry(
        dtype: dtype, shape: shape, range: headerEnd + offsets[0]..<headerEnd + offsets[1])
    }
    self.entries = entries
  }

  /// Every tensor's name, sorted.
  public var names: [String] { entries.keys.sorted() }

  public func contains(_ name: String) -> Bool { entries[name] != nil }

  public func shape(_ name: String) throws -> [Int] { try entry(name, nil).shape }

  public func bytes(_ name: String) throws -> [UInt8] { Array(bytes[try entry(name, "U8").range]) }

  public func doubles(_ name: String) throws -> [Double] {
    words(try entry(name, "F64").range, of: UInt64.self).map(Double.init(bitPattern:))
  }

  public func integers(_ name: String) throws -> [Int] {
    words(try entry(name, "I64").range, of: UInt64.self).map { Int(Int64(bitPattern: $0)) }
  }

  /// A float32 tensor.
  public func tensor(_ name: String) throws -> Tensor {
    let entry = try entry(name, "F32")
    let values = words(entry.range, of: UInt32.self).map(Float.init(bitPattern:))
    return Tensor(values, shape: Shape(entry.shape))
  }

  private func entry(_ name: String, _ dtype: String?) throws -> Entry {
    guard let entry = entries[name] else { throw GoldenError.missing(name) }
    guard dtype == nil || entry.dtype == dtype else { throw GoldenError.dtype(name, entry.dtype) }
    return entry
  }

  private func words<Word: FixedWidthInteger>(_ range: Range<Int>, of _: Word.Type) -> [Word] {
    let width = MemoryLayout<Word>.size
    return stride(from: range.lowerBound, to: range.upperBound, by: width).map { start in
      bytes[start..<start + width].reversed().reduce(0) { $0 << 8 | Word($1) }
    }
  }
}

public enum GoldenError: Error {
  case malformed(String)
  case missing(String)
  case dtype(String, String)
}
