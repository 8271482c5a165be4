public import DVLAAccounting
public import DVLADiagnostics
import DVLAEmbeddedManifests
import DVLAJSON

/// All manifests: those built into the toolkit, and those that a user adds.
///
/// How the names of a checkpoint become a plan:
///
/// 1. The library decodes the manifests. A layout (`Manifests/FAMILY/layout.json`) says which
///    tensors a family has; a naming (`Manifests/FAMILY/NAMING.json`) says what they are called
///    elsewhere. A new naming is one more such file. (`ManifestLanguage`)
/// 2. ``recognise(_:config:prefix:)`` finds the naming that explains the names and shapes of a
///    checkpoint, behind prefixes and without what wrappers add, and reads its `config.json`. The
///    result is a ``Recognition``: every tensor with the rule that matches it. (`Recognition`)
/// 3. ``RemapPlanner`` chooses the components to take from each source. Its `SourceCollector`
///    applies the rules: it decides the fate of each tensor of a source, and which layout tensors
///    are provided. (`Planning`)
/// 4. `ConfigurationResolver` determines the configuration from the shapes, config.json, the
///    published variants and the user. The layout then has a definite list of tensors.
///    (`Configuration`)
/// 5. `LayoutAssignment` gives each of them its origin, or reports it as missing or misshapen. The
///    result is a ``RemapPlan``; ``ExportPlanner`` applies the same rules backwards. (`Export`)
public struct ManifestLibrary: Sendable {
  /// Every naming of every family, in the order of their paths.
  public private(set) var namings: [NamingManifest]
  public let components: ComponentTable
  let layouts: [String: LayoutDefinition]
  /// The keys of the documents beside weights.
  public let keyTables: [KeyTable]
  let lookAlikes: LookAlikeTable
  let wrappers: WrapperTable
  /// Every naming, once for every combination of its conditions.
  private(set) var candidates: [(manifest: NamingManifest, index: RuleIndex)] = []
  /// Names by which prefixes in front of a naming are found.
  private(set) var anchors = NameAnchors()
  private let documents: [String: JSONReader]

  /// - Parameter texts: the files of `Manifests` by their paths in it, such as
  ///   `dinov2/original.json`.
  /// - Throws: `manifest.syntax`, `manifest.conflict`, `manifest.too-large`, and the codes of
  ///   StrictJSON, with the file.
  public init(texts: [String: String]) throws(WeightsError) {
    var documents: [String: JSONReader] = [:]
    for (path, text) in texts {
      documents[Self.name(path)] = try inFile("Manifests/" + path) { () throws(WeightsError) in
        JSONReader(try StrictJSON.parse(text))
      }
    }
    var blocks: [String: JSONReader] = [:]
    for (name, document) in documents where name.hasPrefix("layouts/") {
      blocks[String(name.dropFirst("layouts/".count))] = document
    }
    self.documents = documents
    keyTables = try Self.keyTables(documents)
    components = try Self.decode("components", documents) { (reader) throws(WeightsError) in
      try ComponentTable(reader)
    }
    lookAlikes = LookAlikeTable(
      try Self.decode("refused", documents) { (reader) throws(WeightsError) in
        try reader.object(allowing: ["schema", "about", "refused"]).required("refused").array()
          .map { (item) throws(WeightsError) in try LookAlike(item) }
      })
    wrappers = try Self.decode("wrappers", documents) { (reader) throws(WeightsError) in
      try WrapperTable(reader)
    }
    var layouts: [String: LayoutDefinition] = [:]
    var namings: [NamingManifest] = []
    var paths: [String] = []
    for (path, text) in texts.sorted(by: { $0.key < $1.key }) {
      let parts = Self.name(path).split(separator: "/")
      guard parts.count == 2, !["layouts", "documents"].contains(parts[0]) else { continue }
      let family = String(parts[0])
      try inFile("Manifests/" + path) { () throws(WeightsError) in
        if parts[1] == "layout" {
          layouts[family] = try Self.decode(Self.name(path), documents) {
            (reader) throws(WeightsError) in
            try LayoutDefinitionDecoder.layout(reader, family: family, blocks: blocks)
          }
        } else {
          let naming = try NamingManifestDecoder(documents: documents).manifest(Array(text.utf8))
          guard naming.family == family else {
            throw WeightsError(
              .manifestSyntax,
              "expected the family \(family.quoted), as the folder is called, found "
                + naming.family.quoted)
          }
          namings.append(naming)
          paths.append(path)
        }
      }
    }
    self.layouts = layouts
    self.namings = namings
    try validateKeyTables()
    for (naming, path) in zip(namings, paths) {
      try inFile("Manifests/" + path) { () throws(WeightsError) in
        try addCandidates(of: naming)
      }
    }
  }

  /// The manifests that were compiled in from the folder `Manifests`.
  ///
  /// - Throws: as ``init(texts:)``, when a manifest of the toolkit itself is wrong.
  public static func embedded() throws(WeightsError) -> ManifestLibrary {
    try ManifestLibrary(texts: EmbeddedManifests.texts)
  }

  private static func keyTables(
    _ documents: [String: JSONReader]
  ) throws(WeightsError) -> [KeyTable] {
    var files: [String: JSONReader] = [:]
    for (name, document) in documents where name.hasPrefix("documents/") {
      files[String(name.dropFirst("documents/".count))] = document
    }
    return try KeyTableDecoder(files).tables()
  }

  /// A table that sets a key which no layout has would have no effect.
  private func validateKeyTables() throws(WeightsError) {
    for table in keyTables {
      for family in table.families {
        let known = try layout(of: family).knownKeys
        guard let unknown = table.settingKeys.sorted().first(where: { !known.contains($0) })
        else { continue }
        throw WeightsError(
          .manifestSyntax, file: "Manifests/documents/\(table.name).json",
          "the \(family) layout has no key \(unknown.quoted)")
      }
    }
  }

  private mutating func addCandidates(of naming: NamingManifest) throws(WeightsError) {
    guard let layout = layouts[naming.family] else {
      throw WeightsError(
        .manifestSyntax,
        "family \(naming.family.quoted) has no layout; known are "
          + families.joined(separator: ", "))
    }
    try naming.validate(against: layout)
    for variant in naming.variants {
      anchors.add(variant, layout)
      candidates.append((variant, RuleIndex(variant.rules, by: \.sources)))
    }
  }

  /// The families that have a layout, in alphabetical order.
  public var families: [String] { layouts.keys.sorted() }

  /// Adds a naming of a known family.
  ///
  /// - Throws: `manifest.syntax`, `manifest.too-large`, `manifest.conflict` when the naming is
  ///   known already; the codes of StrictJSON.
  public mutating func add(_ contents: [UInt8], file: String) throws(WeightsError) {
    try inFile(file) { () throws(WeightsError) in
      let manifest = try NamingManifestDecoder(documents: documents).manifest(contents)
      guard !namings.contains(where: { $0.label == manifest.label }) else {
        throw WeightsError(.manifestConflict, "\(manifest.label) already exists")
      }
      try addCandidates(of: manifest)
      namings.append(manifest)
    }
  }

  /// - Throws: as ``add(_:file:)-([UInt8],_)``.
  public mutating func add(_ text: String, file: String) throws(WeightsError) {
    try add(Array(text.utf8), file: file)
  }

  /// - Throws: `manifest.unknown`.
  public func layout(of family: String) throws(WeightsError) -> LayoutDefinition {
    guard let layout = layouts[family] else {
      throw WeightsError(
        .manifestUnknown, .usage,
        "family \(family.quoted) is not known; expected one of \(families.joined(separator: ", "))")
    }
    return layout
  }

  /// - Throws: `manifest.unknown`, with the namings that the family has.
  public func naming(_ naming: String, of family: String) throws(WeightsError) -> NamingManifest {
    let candidates = namings.filter { $0.family == family }
    guard let manifest = candidates.first(where: { $0.naming == naming }) else {
      throw WeightsError(
        .manifestUnknown, .usage,
        "\(family) has no naming \(naming.quoted); expected one of "
          + candidates.map(\.naming).joined(separator: ", "))
    }
    return manifest
  }

  private static func name(_ path: String) -> String {
    path.hasSuffix(".json") ? String(path.dropLast(5)) : path
  }

  private static func decode<Value>(
    _ name: String, _ documents: [String: JSONReader],
    _ body: (JSONReader) throws(WeightsError) -> Value
  ) throws(WeightsError) -> Value {
    guard let document = documents[name] else {
      throw WeightsError(.manifestUnknown, file: "Manifests/\(name).json", "does not exist")
    }
    return try inFile("Manifests/\(name).json") { () throws(WeightsError) in try body(document) }
  }
}

extension WeightsError.Code {
  /// A family or naming that no manifest describes.
  public static let manifestUnknown = Self("manifest.unknown")
}
