public import DVLAAccounting
import DVLABundles
public import DVLADiagnostics
import DVLAFamilies
import DVLAFiles
public import DVLAJSON
import DVLANormalization
import DVLARemapping
import DVLASafetensors

/// What became of every key of the documents that lie beside the weights: the counterpart of the
/// ledger of tensors.
public struct DocumentLedger: Sendable, Equatable {
  /// The keys of one document.
  public struct Row: Sendable, Equatable {
    /// The source beside which it lies; nil where the user gave the document.
    public let source: Int?
    public let account: KeyAccount
  }

  public private(set) var rows: [Row] = []

  /// The unknown keys, with their documents.
  public var unknown: [(document: String, entry: KeyEntry)] {
    rows.flatMap { row in row.account.unknown.map { (row.account.document, $0) } }
  }

  init(rows: [Row]) { self.rows = rows }

  /// - Parameters:
  ///   - sources: in the order of the conversion.
  ///   - assets: the files that travel with the tensors.
  /// - Throws: `document.*`; `file.*`.
  init(
    _ sources: [ImportedSource], assets: [AssetFile], library: ManifestLibrary
  ) throws(WeightsError) {
    try self.init(configurationsOf: sources, library)
    for asset in assets {
      try inFile(asset.path) { () throws(WeightsError) in
        try add(
          asset.plan, try asset.bytes(), isGiven: asset.isGiven, sources: sources, library: library)
      }
    }
  }

  /// What the ledger of a bundle must be: the keys of the sources' configurations, and of the files
  /// that the bundle holds.
  ///
  /// - Parameter given: the names of assets that did not come from beside the weights.
  /// - Throws: `document.*`; what reading an asset throws.
  init(
    of bundle: WeightBundle, from sources: [ImportedSource], given: Set<String>,
    library: ManifestLibrary
  ) throws(WeightsError) {
    try self.init(configurationsOf: sources, library)
    for asset in bundle.assets {
      let plan = BundleAssetPlan(
        family: asset.family, fileName: asset.fileName, role: asset.role,
        byteCount: asset.byteCount, source: asset.source)
      try add(
        plan, try bundle.bytes(of: asset), isGiven: given.contains(asset.name), sources: sources,
        library: library)
    }
  }

  private init(
    configurationsOf sources: [ImportedSource], _ library: ManifestLibrary
  ) throws(WeightsError) {
    for (index, source) in sources.enumerated() {
      if let config = source.recognition.config {
        rows.append(Row(source: index, account: config.account))
      }
      let record = try TrainerRecord.account(
        beside: source.checkpoint, of: source.family, library)
      if let record { rows.append(Row(source: index, account: record)) }
    }
  }

  private mutating func add(
    _ plan: BundleAssetPlan, _ bytes: [UInt8], isGiven: Bool, sources: [ImportedSource],
    library: ManifestLibrary
  ) throws(WeightsError) {
    // A tokenizer is read whole, and has no keys that could be passed over.
    guard plan.role != .tokenizer, plan.fileName.hasSuffix(".json"),
      // transformers writes numbers that no double holds; AssetContent has let those pass.
      let document = try? StrictJSON.parse(bytes, limits: .document), document.object != nil
    else { return }
    let account =
      if plan.role == .statistics {
        try PolicyStatistics.account(of: document, named: plan.fileName)
      } else if plan.role == .robot {
        try Self.account(ofRobot: document, named: plan.fileName)
      } else if let side = LeRobotPipeline.Side(rawValue: plan.fileName),
        Family.isPolicy(plan.family)
      {
        try LeRobotPipeline(side, contents: bytes).account
      } else {
        try Self.account(of: document, named: plan.fileName, beside: plan.family, library)
      }
    let source = sources.firstIndex { $0.family == plan.family }
    rows.append(Row(source: isGiven ? nil : source, account: account))
    // A bundle's header has room for this many.
    guard rows.reduce(0, { $0 + $1.account.entries.count }) <= KeyAccount.entryLimit else {
      throw WeightsError(
        .documentTooManyKeys,
        "the documents have more than \(KeyAccount.entryLimit) keys in all, which no supported "
          + "library writes")
    }
  }

  /// Every key of a robot's document is read; others are refused.
  private static func account(
    ofRobot document: JSONValue, named file: String
  ) throws(WeightsError) -> KeyAccount {
    var account = KeyAccount(document: file)
    for (key, value) in document.object?.members ?? [] {
      if let inner = value.object, key != "metadata" {
        for (name, value) in inner.members {
          try account.add("\(key).\(name)", value, .used("robot"))
        }
      } else {
        try account.add(key, value, .used("robot"))
      }
    }
    return account
  }

  /// - Throws: `document.setting`, `document.too-many-keys`.
  static func account(
    of document: JSONValue, named file: String, beside family: String, _ library: ManifestLibrary
  ) throws(WeightsError) -> KeyAccount {
    let object = document.object ?? JSONObject()
    let table = library.keyTables.first { $0.describes(object, named: file, beside: family) }
    if let table { return try DocumentReading(document, named: file, by: table).account }
    return try DocumentReading(unknown: document, named: file).account
  }

  /// - Throws: `document.unknown-key` with all of them, where any key is unknown.
  public func requireKnown(_ paths: [String]) throws(WeightsError) {
    let unknown = unknown
    guard let first = unknown.first else { return }
    let count = unknown.count
    throw WeightsError(
      .documentUnknownKey, file: paths.count == 1 ? paths[0] : nil,
      "\(first.document): the key \(first.entry.key.quoted) "
        + "(\(first.entry.value.escapedForTerminal)) is unknown"
        + (count > 1
          ? (count > 2 ? ", as are \(count - 1) other keys" : ", as is 1 other key") : "")
        + ", and unknown keys are refused",
      details: unknown.dropFirst().prefix(50).map {
        "\($0.document): \($0.entry.key.quoted) (\($0.entry.value.escapedForTerminal))"
      }, remedies: [.acceptUnknownKeys])
  }
}

extension DocumentLedger {
  /// As a bundle keeps it, in its provenance.
  var json: JSONValue {
    .array(
      rows.map { row in
        var members = row.account.json.object?.members.map { ($0.key, $0.value) } ?? []
        members.insert(("source", row.source.map { .integer(Int64($0)) } ?? .null), at: 0)
        return .object(JSONObject(members))
      })
  }

  /// The ledger that a bundle keeps; empty where its documents say nothing of it.
  ///
  /// - Throws: `json.*` for what `json` does not write.
  public init(provenance: JSONValue) throws(WeightsError) {
    guard let documents = provenance.object?["documents"] else { return }
    for reader in try JSONReader(documents, path: "provenance.documents").array() {
      let object = try reader.object(allowing: ["source", "document", "keys"])
      let source = try object.required("source")
      let account = JSONReader(
        .object(
          JSONObject(object.members.filter { $0.key != "source" }.map { ($0.key, $0.reader.value) })
        ),
        path: reader.path)
      rows.append(
        Row(
          source: source.isNull ? nil : try source.integer(in: 0...1000),
          account: try KeyAccount(account)))
    }
  }
}

/// The record that a trainer leaves beside the weights and no library reads when it runs a model:
/// its keys are in the ledger, so that the ledger is complete.
struct TrainerRecord {
  private static let fileName = "train_config.json"
  private static let largest = 16 << 20

  /// The keys of the record beside a checkpoint; nil where there is none.
  ///
  /// - Throws: `document.too-many-keys`; `file.*`.
  static func account(
    beside checkpoint: Checkpoint, of family: String, _ library: ManifestLibrary
  ) throws(WeightsError) -> KeyAccount? {
    let path = checkpoint.path
    let isFolder = try InputFolder.isFolder(path)
    let folder = try InputFolder(path: isFolder ? path : path.splitAtLastComponent.folder)
    guard try folder.contains(fileName) else { return nil }
    let file = try folder.open(fileName)
    return try inFile(file.path) { () throws(WeightsError) in
      let bytes = try file.readAll(limit: largest)
      // Python writes infinities into such files, which JSON cannot have. Nothing is read of them.
      let document = (try? StrictJSON.parse(bytes, limits: .document)) ?? .object(JSONObject())
      return try DocumentLedger.account(of: document, named: fileName, beside: family, library)
    }
  }
}
