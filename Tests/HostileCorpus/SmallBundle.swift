import DVLACompression
import DVLAHashing
import DVLAJSON

extension OpenedBundle {
  /// A sound bundle written without the code under test, but for its frame: `t`, 100 codes in one
  /// frame.
  public static func oneFrame() throws -> OpenedBundle {
    var bundle = try OpenedBundle(tables: [row("t", "I8", [100], encoding: "zstd")])
    bundle.store(try frame(100))
    return bundle
  }

  /// Two tensors of one type and shape, stored as they are, and an asset before them.
  static func plain() throws -> OpenedBundle {
    let asset = Array("{}".utf8)
    let values = (0..<128).map { UInt8($0) }
    var bundle = try OpenedBundle(tables: [
      row("__asset.dinov2.x.json", "U8", [2], encoding: "plain", values: asset),
      row("a", "BF16", [8, 4], encoding: "plain", values: Array(values[..<64])),
      row("b", "BF16", [8, 4], encoding: "plain", values: Array(values[64...])),
    ])
    bundle.assets = [
      [
        ("family", "dinov2"), ("file", "x.json"), ("role", "preprocessor"), ("bytes", 2),
        ("sha256", .string(SHA256.hash(asset).hex)), ("source", "x.json"),
      ]
    ]
    bundle.entries = [
      ("__asset.dinov2.x.json", entry("U8", [2], 0..<2)), ("__pad.0", entry("U8", [62], 2..<64)),
      ("a", entry("BF16", [8, 4], 64..<128)), ("b", entry("BF16", [8, 4], 128..<192)),
    ]
    bundle.body = asset + [UInt8](repeating: 0, count: 62) + values
    return bundle
  }

  private init(tables rows: [[(String, JSONValue)]]) throws {
    let documents = [
      ("format", "depthvla-bundle"), ("format_version", "1"), ("family", "dinov2"),
      ("configuration", "{}"), ("recipe", "{}"), ("provenance", "{}"), ("ledger", "[]"),
      ("assets", "[]"), ("tensors", "[]"), ("root", ""),
    ].map { "\"\($0)\":" + JSONValue.string($1).encoded() }
    try self.init(
      safetensors("{\"__metadata__\":{" + documents.joined(separator: ",") + "},\"t\":{}}"))
    self.rows = rows
  }

  private static func row(
    _ name: String, _ dtype: String, _ shape: [Int64], encoding: String, values: [UInt8] = []
  ) -> [(String, JSONValue)] {
    [
      ("name", .string(name)), ("dtype", .string(dtype)),
      ("shape", .array(shape.map(JSONValue.integer))), ("encoding", .string(encoding)),
      ("planes", "none"), ("stored", [.integer(Int64(values.count))]),
      ("sha256", .string(SHA256.hash(values).hex)), ("xxh3", .string(checksum(values))),
    ]
  }

  static func entry(_ dtype: JSONValue, _ shape: JSONValue, _ range: Range<Int>) -> JSONValue {
    [
      "dtype": dtype, "shape": shape,
      "data_offsets": [.integer(Int64(range.lowerBound)), .integer(Int64(range.upperBound))],
    ]
  }

  /// A frame of `count` bytes.
  static func frame(_ count: Int) throws -> [UInt8] {
    try frame(of: (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) })
  }

  public static func frame(of bytes: [UInt8]) throws -> [UInt8] {
    var frame: [UInt8] = []
    try ZstdCompressor().compress(unsafe bytes.span.bytes, mode: .raw, appendingTo: &frame)
    return frame
  }
}
