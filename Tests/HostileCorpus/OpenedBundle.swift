import DVLACompression
import DVLAHashing
public import DVLAJSON

/// A bundle taken apart, to be put together again with something wrong in it, and yet with the
/// right root hash: what an attacker can make.
public struct OpenedBundle {
  public var metadata: [(String, JSONValue)]
  public var assets: [[(String, JSONValue)]]
  public var rows: [[(String, JSONValue)]]
  public var entries: [(String, JSONValue)]
  public var body: [UInt8]
  /// Spaces behind the JSON text beyond those that align the data.
  public var extraPadding = 0

  public init(_ bytes: [UInt8]) throws {
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try StrictJSON.parse(Array(bytes[8..<8 + length])).object?.members ?? []
    metadata = header[0].value.object?.members.map { ($0.key, $0.value) } ?? []
    entries = header.dropFirst().map { ($0.key, $0.value) }
    assets = try Self.objects("assets", in: metadata)
    rows = try Self.objects("tensors", in: metadata)
    body = Array(bytes[(8 + length)...])
  }

  private static func objects(
    _ key: String, in metadata: [(String, JSONValue)]
  ) throws -> [[(String, JSONValue)]] {
    let array = try StrictJSON.parse(metadata.first { $0.0 == key }?.1.string ?? "").array ?? []
    return array.map { $0.object?.members.map { ($0.key, $0.value) } ?? [] }
  }

  /// Sets a key of a row, or removes it.
  public mutating func set(_ key: String, _ value: JSONValue?, row: Int = 0) {
    Self.set(key, value, in: &rows[row])
  }

  /// Sets a key of an asset, or removes it.
  public mutating func setAsset(_ key: String, _ value: JSONValue?, _ index: Int = 0) {
    Self.set(key, value, in: &assets[index])
  }

  /// A document of the metadata as text; empty where there is none.
  public func text(_ key: String) -> String {
    metadata.first { $0.0 == key }?.1.string ?? ""
  }

  public mutating func setMetadata(_ key: String, _ value: JSONValue?) {
    Self.set(key, value, in: &metadata)
  }

  /// Replaces everything stored for the only tensor, with the right sizes and hash.
  public mutating func store(_ chunk: [UInt8], filler: [UInt8]? = nil) {
    let gap = (64 - chunk.count % 64) % 64
    let size = gap == 0 ? 0 : gap < 8 ? gap + 64 : gap
    let skippable =
      [0x50, 0x2A, 0x4D, 0x18, UInt8(max(size - 8, 0)), 0, 0, 0]
      + [UInt8](repeating: 0, count: max(size - 8, 0))
    body = chunk + (filler ?? (size == 0 ? [] : skippable))
    set("stored", [.integer(Int64(chunk.count))])
    set("sha256", .string(SHA256.hash(chunk).hex))
    set("xxh3", .string(Self.checksum(chunk)))
    let count = JSONValue.integer(Int64(body.count))
    entries[0].1 = ["dtype": "U8", "shape": [count], "data_offsets": [0, count]]
  }

  /// XXH3 in the digits of the table.
  static func checksum(_ bytes: [UInt8]) -> String {
    let digits = String(XXH3.hash(bytes), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The file, with the root hash computed anew unless `root` says otherwise.
  public func bytes(root: String? = nil) -> [UInt8] {
    var metadata = metadata
    for (key, objects) in [("assets", assets), ("tensors", rows)] where !objects.isEmpty {
      for index in metadata.indices where metadata[index].0 == key {
        metadata[index].1 = .string(
          JSONValue.array(objects.map { .object(JSONObject($0)) }).encoded())
      }
    }
    Self.set("root", .string(String(repeating: "0", count: 64)), in: &metadata)
    if self.metadata.allSatisfy({ $0.0 != "root" }) { metadata.removeAll { $0.0 == "root" } }
    let header = [("__metadata__", JSONValue.object(JSONObject(metadata)))] + entries
    var text = Array(JSONValue.object(JSONObject(header)).encoded().utf8)
    text += [UInt8](repeating: 0x20, count: (120 - text.count % 64) % 64 + extraPadding)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
    var bytes = length + text
    let marker = Array(#""root":""#.utf8)
    if let start = bytes.indices.first(where: { bytes[$0...].starts(with: marker) }) {
      let digits = start + marker.count..<start + marker.count + 64
      bytes.replaceSubrange(digits, with: (root ?? SHA256.hash(bytes).hex).utf8)
    }
    return bytes + body
  }

  private static func set(
    _ key: String, _ value: JSONValue?, in members: inout [(String, JSONValue)]
  ) {
    let index = members.firstIndex { $0.0 == key }
    switch (index, value) {
    case (let index?, let value?): members[index].1 = value
    case (let index?, nil): members.remove(at: index)
    case (nil, let value?): members.append((key, value))
    case (nil, nil): break
    }
  }
}
