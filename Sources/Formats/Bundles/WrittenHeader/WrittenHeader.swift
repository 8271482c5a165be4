import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLASafetensors
import DVLATensors

extension BundleHeader {
  /// Reads a header in the one form that this package writes, in one pass over its bytes: every
  /// key in its place, no white space, no escapes but those of quotes and backslashes.
  ///
  /// What is accepted is what ``init(_:fileByteCount:)`` accepts, with the same result: each byte
  /// is either demanded or read by a rule no wider than that reader's. The tests compare the two.
  ///
  /// Nil when the header has another form or anything at all is wrong with it, which that reader
  /// then tells apart.
  init?(written bytes: [UInt8], fileByteCount: Int) {
    let count = bytes.count
    guard count >= 8, count <= fileByteCount, count % BundleLayout.alignment == 0,
      count <= SafetensorsLimits.default.metadataValueByteCount,
      UInt64(bytes: bytes[..<8], .littleEndian) == UInt64(count - 8)
    else { return nil }
    let words = Words()
    var cursor = HeaderCursor(bytes, at: 8)
    guard cursor.skip(words.start) else { return nil }
    let family = cursor.plainText()
    guard cursor.skip(words.configuration), let configuration = cursor.value(),
      cursor.skip(words.recipe), let recipe = cursor.value(),
      cursor.skip(words.provenance), let provenance = cursor.document(Self.provenance),
      cursor.skip(words.ledger), let ledger = cursor.document(Self.rows),
      cursor.skip(words.assets), let list = cursor.value(),
      let assets = try? AssetList.read(JSONReader(list, path: "assets")),
      cursor.skip(words.tensors),
      let table = WrittenTable(reading: &cursor, assets, dataStart: count),
      cursor.skip(words.root), let root = cursor.root(), cursor.skip(words.end),
      table.skipEntries(&cursor), cursor.skip("}"), cursor.endsInSpaces(),
      table.end == fileByteCount
    else { return nil }
    self.init(
      documents: BundleDocuments(
        family: cursor.string(family), configuration: configuration, recipe: recipe,
        provenance: .written(bytes, provenance), ledger: .written(bytes, ledger)),
      assets: assets, assetTensors: table.assetTensors, tensors: table.tensors,
      positions: table.positions, root: root, byteCount: count)
  }

  /// What stands between the documents.
  private struct Words {
    let start = Array(
      (#"{"__metadata__":{"format":""# + BundleLayout.formatName + #"","format_version":""#
        + BundleLayout.version + #"","family":""#).utf8)
    let configuration = Self.next("configuration")
    let recipe = Self.next("recipe")
    let provenance = Self.next("provenance")
    let ledger = Self.next("ledger")
    let assets = Self.next("assets")
    let tensors = Self.next("tensors")
    let root = Self.next("root")
    let end = Array(#""}"#.utf8)

    private static func next(_ key: String) -> [UInt8] { Array((#"",""# + key + #"":""#).utf8) }
  }
}

extension HeaderCursor {
  /// Reads a document of which the value is wanted.
  fileprivate mutating func value() -> JSONValue? {
    guard let range = escapedDocument() else { return nil }
    return try? StrictJSON.parse(Self.unescaped(bytes[range]), limits: .document)
  }

  /// Reads the root hash and compares it.
  ///
  /// There is one only: in documents its quotes would be escaped, and in entries an object, not a
  /// string, follows a name.
  fileprivate mutating func root() -> Digest? {
    let digits = position..<position + Digest.hexCount
    guard digits.upperBound <= bytes.count,
      let root = Digest(hexDigits: bytes.span.extracting(digits)),
      root == RootHash.compute(bytes, digits: digits)
    else { return nil }
    position = digits.upperBound
    return root
  }
}
