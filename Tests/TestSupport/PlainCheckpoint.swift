public import DVLAJSON
import Foundation

/// One tensor of a safetensors file as it lies there.
public struct PlainTensor: Equatable, Sendable {
  public var dtype: String
  public var shape: [Int]
  public var bytes: [UInt8]

  public init(_ dtype: String, _ shape: [Int], _ bytes: [UInt8]) {
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
  }
}

/// The tensors and documents of a checkpoint folder, read and written without the toolkit's own
/// safetensors code, so that a test does not check that code against itself.
public struct PlainCheckpoint {
  public var tensors: [String: PlainTensor] = [:]
  /// `__metadata__` by file; nil where a file has none.
  public var metadata: [String: [String: String]?] = [:]
  public var config: JSONValue?

  public init() {}

  /// Reads all safetensors files of a folder.
  public init(folder: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
      if name == "config.json" { config = try StrictJSON.parse(bytes) }
      if name.hasSuffix(".safetensors") { try add(bytes, file: name) }
    }
  }

  /// The tensors of one fixture.
  public init(fixture: String) throws {
    try self.init(folder: FixtureFolder.path("checkpoints/" + fixture))
  }

  private mutating func add(_ bytes: [UInt8], file: String) throws {
    let count = bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.1) << (8 * $1.0) }
    let header = try StrictJSON.parse(Array(bytes[8..<8 + count]))
    metadata[file] = .some(nil)
    for (name, value) in header.object?.members ?? [] {
      guard let entry = value.object else { continue }
      if name == "__metadata__" {
        metadata[file] = Dictionary(
          uniqueKeysWithValues: entry.members.map { ($0.key, $0.value.string ?? "") })
        continue
      }
      let offsets = (entry["data_offsets"]?.array ?? []).compactMap(\.integer)
      tensors[name] = PlainTensor(
        entry["dtype"]?.string ?? "", (entry["shape"]?.array ?? []).compactMap(\.integer),
        Array(bytes[8 + count + offsets[0]..<8 + count + offsets[1]]))
    }
  }

  /// The tensors as one safetensors file, in the order of their names.
  public var fileBytes: [UInt8] {
    var entries: [String] = ["\"__metadata__\":{\"format\":\"pt\"}"]
    var data: [UInt8] = []
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let end = data.count + tensor.bytes.count
      entries.append(
        "\"\(name)\":{\"dtype\":\"\(tensor.dtype)\",\"shape\":\(tensor.shape),"
          + "\"data_offsets\":[\(data.count),\(end)]}")
      data += tensor.bytes
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    return length + header + data
  }

  /// Writes a folder with the tensors in one file, and the configuration.
  @discardableResult
  public func write(to scratch: ScratchFolder, as name: String) throws -> String {
    try scratch.makeFolder(name)
    try scratch.write(fileBytes, to: name + "/model.safetensors")
    if let config { try scratch.write(config.encoded(), to: name + "/config.json") }
    return scratch(name)
  }
}
