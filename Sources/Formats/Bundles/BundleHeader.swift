import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLAJSON
import DVLASafetensors
import DVLATensors

/// The header of a bundle, read and checked.
struct BundleHeader {
  let documents: BundleDocuments
  let assets: [BundleAsset]
  /// Where the bytes of the assets are, in the order of the assets.
  let assetTensors: [BundleTensor]
  let tensors: [BundleTensor]
  let root: Digest
  /// Where each tensor is among them.
  let positions: [TensorName: Int]
  /// Bytes of the header with its length and padding: where the data start.
  let byteCount: Int

  /// Headers as this package writes them are read in one pass; all others, and all that something
  /// is wrong with, by ``init(_:fileByteCount:)``.
  ///
  /// - Throws: `file.*`, and as ``init(_:fileByteCount:)``.
  init(reading file: InputFile) throws(WeightsError) {
    // The bytes that are parsed are those that are hashed, even if the file changes meanwhile.
    let bytes = try SafetensorsFile.headerBytes(of: file)
    if let header = Self(written: bytes, fileByteCount: file.byteCount) {
      try file.checkUnchanged()
      self = header
      return
    }
    let header = try SafetensorsFile.parseHeader(bytes, of: file)
    try file.checkUnchanged()
    try self.init(header, bytes)
  }

  init(
    documents: BundleDocuments, assets: [BundleAsset], assetTensors: [BundleTensor],
    tensors: [BundleTensor], positions: [TensorName: Int], root: Digest, byteCount: Int
  ) {
    self.documents = documents
    self.assets = assets
    self.assetTensors = assetTensors
    self.tensors = tensors
    self.positions = positions
    self.root = root
    self.byteCount = byteCount
  }

  /// Reads a header that may be written in any way that JSON allows.
  ///
  /// - Parameters:
  ///   - bytes: the whole header: length, text and padding.
  ///   - fileByteCount: bytes of the whole file.
  /// - Throws: `safetensors.*`, `json.*`, and the `bundle.*` codes of the header.
  init(_ bytes: [UInt8], fileByteCount: Int) throws(WeightsError) {
    let header = unsafe try SafetensorsHeader.parse(
      bytes.span.bytes.extracting(8..<bytes.count), fileByteCount: fileByteCount)
    try self.init(header, bytes)
  }

  private init(_ header: SafetensorsHeader, _ bytes: [UInt8]) throws(WeightsError) {
    let metadata = header.metadata ?? []
    try Self.checkKind(metadata)
    // Before anything else of the header is used, but after the version: another version may
    // define the hash otherwise.
    let root = try RootHash.check(bytes)
    let keys = metadata.map(\.key)
    guard keys == BundleLayout.metadataKeys else {
      throw WeightsError(
        .bundleMetadata, .malformed,
        "expected the metadata keys \(BundleLayout.metadataKeys.joined(separator: ", "))"
          + " in this order, found \(keys.map(\.quoted).joined(separator: ", "))")
    }
    let values = metadata.map(\.value)
    let documents = BundleDocuments(
      family: values[2],
      configuration: try Self.parse(values[3], "configuration").value,
      recipe: try Self.parse(values[4], "recipe").value,
      provenance: try Self.parse(values[5], "provenance", limits: Self.provenance).value,
      ledger: try Self.parse(values[6], "ledger", limits: Self.rows).value)
    guard header.dataStart % BundleLayout.alignment == 0 else {
      throw WeightsError(
        .bundleAlignment, .malformed,
        "expected the data to start on a multiple of \(BundleLayout.alignment), found them at"
          + " byte \(header.dataStart)")
    }
    let assets = try AssetList.read(Self.parse(values[7], "assets"))
    let table = try TensorTable.read(
      Self.parse(values[8], "tensors", limits: Self.rows), assets: assets,
      entries: header.entries, dataStart: header.dataStart)
    let tensors = Array(table.dropFirst(assets.count))
    // The table refuses names that occur twice.
    let positions = Dictionary(
      uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
    self.init(
      documents: documents, assets: assets, assetTensors: Array(table.prefix(assets.count)),
      tensors: tensors, positions: positions, root: root, byteCount: header.dataStart)
  }

  /// - Throws: `bundle.format`, `bundle.version`.
  private static func checkKind(
    _ metadata: [(key: String, value: String)]
  ) throws(WeightsError) {
    let format = metadata.first { $0.key == "format" }?.value
    guard format == BundleLayout.formatName else {
      throw WeightsError(
        .bundleFormat, .malformed,
        "expected a bundle (\"format\" \(BundleLayout.formatName.quoted) in its metadata), found"
          + " a safetensors file " + (format.map { "of format \($0.quoted)" } ?? "without a format")
          + "; convert the checkpoint first")
    }
    let version = metadata.first { $0.key == "format_version" }?.value
    guard version == BundleLayout.version else {
      throw WeightsError(
        .bundleVersion, .malformed,
        "expected bundle format version \(BundleLayout.version), the only one this program reads,"
          + " found " + (version.map { "version \($0.quoted)" } ?? "none"))
    }
  }

  /// The config.json of every source is in it, some levels down.
  static let provenance = JSONLimits(
    maximumDepth: 72, maximumValueCount: 1_000_000, maximumObjectCount: 100_000)
  /// The ledger and the table of tensors grow with the tensors: a row has up to four objects.
  static let rows = JSONLimits(maximumObjectCount: 400_000)

  private static func parse(
    _ text: String, _ name: String, limits: JSONLimits = .document
  ) throws(WeightsError) -> JSONReader {
    do throws(WeightsError) {
      return JSONReader(try StrictJSON.parse(text, limits: limits), path: name)
    } catch {
      var error = error
      error.message = "metadata \(name.quoted): \(error.message)"
      throw error
    }
  }
}
