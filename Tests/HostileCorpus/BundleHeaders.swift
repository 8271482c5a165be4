import DVLAHashing
import DVLAJSON

extension HostileCase {
  /// E: the header of a bundle, with the right root hash, as an attacker would write it.
  static let bundleHeaders: [HostileCase] = {
    var list = CaseList(.bundle)
    func add(
      _ group: String, _ what: String, _ code: String?, plain: Bool = false, root: String? = nil,
      _ change: @escaping @Sendable (inout OpenedBundle) -> Void
    ) {
      list.add(
        group, what, code,
        building: {
          var bundle = try plain ? OpenedBundle.plain() : .oneFrame()
          change(&bundle)
          return bundle.bytes(root: root)
        })
    }
    add("E0", "a bundle of one frame, sound", nil) { _ in }
    add("E0", "a bundle of stored tensors and an asset, sound", nil, plain: true) { _ in }

    add("E2", "no format", "bundle.format") { $0.setMetadata("format", nil) }
    add("E2", "the format of PyTorch's files", "bundle.format") { $0.setMetadata("format", "pt") }
    for version in ["0", "2", "1.0", "01", " 1", "", "999999999999999999999"] {
      add("E2", "format version \(version.debugDescription)", "bundle.version") {
        $0.setMetadata("format_version", .string(version))
      }
    }
    add("E2", "no format version", "bundle.version") { $0.setMetadata("format_version", nil) }
    for key in ["family", "configuration", "recipe", "provenance", "ledger", "assets", "tensors"] {
      add("E2", "no \(key) in the metadata", "bundle.metadata") { $0.setMetadata(key, nil) }
    }
    add("E2", "a key of the metadata that is not known", "bundle.metadata") {
      $0.metadata.append(("flags", "1"))
    }
    add("E2", "the keys of the metadata in another order", "bundle.metadata") {
      $0.metadata.swapAt(3, 4)
    }
    for (what, text, code) in [
      ("half of itself", "[", "json.truncated"), ("nothing", "", "json.truncated"),
      ("with a key twice", #"{"a":1,"a":2}"#, "json.duplicate-key"),
      ("1000 brackets", String(repeating: "[", count: 1000), "json.depth"),
      ("NaN", "NaN", "json.non-finite"),
      ("with a comma too many", "[1,]", "json.trailing-comma"),
    ] {
      for key in ["configuration", "provenance", "tensors"] {
        add("E3", "a \(key) document that is \(what)", code) {
          if key == "tensors" { $0.rows = [] }
          $0.setMetadata(key, .string(text))
        }
      }
    }
    add("E3", "an object as the table of tensors", "json.type") {
      $0.rows = []
      $0.setMetadata("tensors", "{}")
    }
    add("E3", "no table of tensors", "bundle.unlisted-entry") {
      $0.rows = []
      $0.setMetadata("tensors", "[]")
    }
    add("E3", "two rows of one name", "bundle.duplicate-tensor") { $0.rows.append($0.rows[0]) }
    add("E3", "rows in another order than the file", "bundle.entry", plain: true) {
      $0.rows.swapAt(1, 2)
    }
    add("E3", "a row that the file does not have", "bundle.entry", plain: true) {
      $0.set("name", "z", row: 2)
    }
    add("E3", "an entry that no row has", "bundle.unlisted-entry") {
      $0.entries.append(("extra", OpenedBundle.entry("U8", [0], 128..<128)))
    }
    add("E3", "a name the format keeps for itself", "bundle.reserved-name") {
      $0.set("name", "__pad.0")
      $0.entries[0].0 = "__pad.0"
    }
    add("E3", "filler of another number", "bundle.entry", plain: true) {
      $0.entries[1].0 = "__pad.7"
    }

    let many: Int64 = 1 << 40
    for size in [many, Int64.max / 8] {
      add("E4", "\(size) elements in one chunk", "bundle.chunk-count") {
        $0.set("shape", [.integer(size)])
      }
    }
    add("E4", "2^63 - 1 elements", "bundle.shape") { $0.set("shape", [.integer(.max)]) }
    add("E4", "a product that wraps", "bundle.shape") {
      $0.set("shape", [4_294_967_296, 4_294_967_296])
    }
    add("E4", "nine axes", "bundle.shape") { $0.set("shape", [1, 1, 1, 1, 1, 1, 1, 10, 10]) }
    add("E4", "no chunk", "bundle.chunk-count") { $0.set("stored", []) }
    add("E4", "a chunk too many", "bundle.chunk-count") { $0.set("stored", [113, 1]) }
    add("E4", "100 000 chunks", "bundle.chunk-count") {
      $0.set("stored", .array([JSONValue](repeating: 1, count: 100_000)))
    }
    for key in ["configuration", "ledger", "tensors"] {
      add("E4", "\(key) of a million empty objects", "json.too-many-objects") {
        if key == "tensors" { $0.rows = [] }
        let objects = Array(repeating: "{}", count: 1_000_000).joined(separator: ",")
        $0.setMetadata(key, .string("[\(objects)]"))
      }
    }
    for (what, size) in [
      ("0", 0), ("-1", -1), ("2^63 - 1", .max), ("a byte more than a frame can take", 165),
    ] as [(String, Int64)] {
      add("E4", "a chunk of \(what) stored bytes", "bundle.chunk-size") {
        $0.set("stored", [.integer(size)])
      }
    }
    add("E4", "a stored size with a fraction", "bundle.chunk-size") { $0.set("stored", [113.0]) }
    add("E4", "a stored size as text", "bundle.chunk-size") { $0.set("stored", ["113"]) }
    add("E4", "a negative extent", "json.type") { $0.set("shape", [-100]) }
    add("E4", "an extent with a fraction", "json.type") { $0.set("shape", [100.0]) }
    for padding in [1, 2, 4, 8, 16, 32, 63] {
      add("E5", "data \(padding) bytes behind a multiple of 64", "bundle.alignment") {
        $0.extraPadding = padding
      }
    }
    add("E11", "a codec that is not known", "bundle.encoding") { $0.set("encoding", "lz4") }
    add("E11", "stored bytes said to be frames", "bundle.entry", plain: true) {
      $0.set("encoding", "zstd", row: 1)
    }
    add("E11", "frames said to be stored as they are", "bundle.chunk-size") {
      $0.set("encoding", "plain")
    }
    add("E12", "planes that are not known", "bundle.planes") { $0.set("planes", "rotl1-planes3") }
    add("E12", "planes of BF16 on codes", "bundle.planes") { $0.set("planes", "rotl1-planes2") }
    add("E12", "planes of F32 on BF16", "bundle.planes") {
      $0.set("dtype", "BF16")
      $0.set("shape", [50])
      $0.set("planes", "rotl1-planes4")
    }
    add("E12", "planes on what is stored as it is", "bundle.planes", plain: true) {
      $0.set("planes", "rotl1-planes2", row: 1)
    }
    add("E13", "an entry of another place than the row", "bundle.entry", plain: true) {
      $0.entries.swapAt(2, 3)
      $0.entries[2].1 = OpenedBundle.entry("BF16", [8, 4], 64..<128)
      $0.entries[3].1 = OpenedBundle.entry("BF16", [8, 4], 128..<192)
    }
    add("E13", "a stored size that is too small", "bundle.entry") { $0.set("stored", [40]) }
    let digits = String(repeating: "0", count: 64)
    for (what, text) in [
      ("no", ""), ("a short", String(digits.dropLast())), ("a long", digits + "0"),
      ("two for one", digits + digits), ("a hash in capitals:", digits.replacing("0", with: "A")),
      ("a hash of other letters:", digits.replacing("0", with: "g")),
    ] {
      add("E14", "\(what) hash of a chunk", "bundle.hash-form") { $0.set("sha256", .string(text)) }
    }
    add("E14", "a hash of another algorithm beside", "json.unknown-key") {
      $0.set("blake3", .string(digits))
    }
    add("E14", "no hashes", "json.missing-key") { $0.set("sha256", nil) }
    add("E14", "no checksums", "json.missing-key") { $0.set("xxh3", nil) }
    add("E14", "a short checksum", "bundle.hash-form") { $0.set("xxh3", "0123456789abcde") }
    add("E14", "a root hash of zeros", "bundle.root", root: digits) { _ in }
    add(
      "E14", "a root hash in capitals", "bundle.root-form", root: digits.replacing("0", with: "A")
    ) { _ in }
    add("E14", "no root hash", "bundle.root-form") { $0.setMetadata("root", nil) }
    add("E14", "a root hash in an entry", "safetensors.field-unknown") {
      $0.entries.append(("x", ["root": "0"]))
    }
    for key in ["url", "file", "location", "data", "offset"] {
      add("E19", "a row that points elsewhere by \(key)", "json.unknown-key") {
        $0.set(key, "https://example.org/weights")
      }
    }
    add("E18", "a tensor of 4 TB in 113 stored bytes", "bundle.chunk-count") {
      $0.set("shape", [1_048_576, 4_194_304])
    }
    add("E22", "codes said to be BF16", "bundle.entry", plain: true) {
      $0.set("dtype", "F16", row: 1)
    }
    add("E22", "a shape of half the bytes", "bundle.chunk-size", plain: true) {
      $0.set("shape", [4, 4], row: 1)
    }
    return list.cases
  }()

  /// E: the files that travel in a bundle.
  static let bundleAssets: [HostileCase] = {
    var list = CaseList(.bundle)
    func add(
      _ group: String, _ what: String, _ code: String,
      _ change: @escaping @Sendable (inout OpenedBundle) -> Void
    ) {
      list.add(
        group, what, code,
        building: {
          var bundle = try OpenedBundle.plain()
          change(&bundle)
          return bundle.bytes()
        })
    }
    for name in [
      "../x", "/etc/x", "x/y", ".", "..", "", "x\u{0}", "x\ny", "x\u{1B}[2J", "x\u{202E}y",
      String(repeating: "n", count: 121),
    ] {
      add("E17", "an asset called \(name.prefix(20).debugDescription)", "bundle.asset-name") {
        $0.setAsset("file", .string(name))
      }
      add(
        "E17", "a family of assets called \(name.prefix(20).debugDescription)", "bundle.asset-name"
      ) { $0.setAsset("family", .string(name)) }
    }
    add("E17", "an asset twice", "bundle.asset-order") { $0.assets.append($0.assets[0]) }
    add("E17", "65 assets", "bundle.asset-count") {
      $0.assets = [[(String, JSONValue)]](repeating: $0.assets[0], count: 65)
    }
    add("E17", "an asset with a mode", "json.unknown-key") { $0.setAsset("mode", "0777") }
    add("E17", "a role that is not known", "bundle.asset-role") { $0.setAsset("role", "script") }
    for size in [0, -1, 268_435_457, .max] as [Int64] {
      add("E18", "an asset of \(size) bytes", "bundle.asset-size") {
        $0.setAsset("bytes", .integer(size))
      }
    }
    add("E14", "an asset whose hash is another's", "bundle.asset-hash") {
      $0.setAsset("sha256", .string(SHA256.hash([1]).hex))
    }
    add("E14", "an asset of another size than its row", "bundle.asset-row") {
      $0.setAsset("bytes", 3)
    }
    add("E14", "an asset without its row", "bundle.asset-row") { $0.setAsset("file", "y.json") }
    return list.cases
  }()
}
