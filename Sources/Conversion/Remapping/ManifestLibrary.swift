public import DVLAAccounting
public import DVLADiagnostics
import DVLAJSON

/// All manifests: those built into the toolkit, and those a user adds.
public struct ManifestLibrary: Sendable {
  /// Every naming of every family, in the order of their paths.
  public private(set) var namings: [NamingManifest]
  public let components: ComponentTable
  let layouts: [String: LayoutDefinition]
  /// The keys of the documents beside weights.
  public let keyTables: [KeyTable]
  let lookAlikes: LookAlikeTable
  let wrappers: WrapperTable
  /// Every naming under every way its conditions can fall.
  private(set) var candidates: [(manifest: NamingManifest, index: RuleIndex)] = []
  /// What tells candidates apart behind a prefix.
  private(set) var anchors = NameAnchors()
  private let documents: [String: JSONReader]

  /// - Parameter texts: the files of `Manifests` by their paths in it, such as
  ///   `dinov2/original.json`.
  /// - Throws: `manifest.syntax`, `manifest.conflict`, and the codes of StrictJSON, with the file.
  public init(texts: [String: String]) throws(WeightsError) {
    var documents: [String: JSONReader] = [:]
    for (path, text) in texts {
      do { documents[Self.name(path)] = JSONReader(try StrictJSON.parse(text)) } catch {
        throw error.inFile("Manifests/" + path)
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
      do throws(WeightsError) {
        if parts[1] == "layout" {
          layouts[family] = try Self.decode(Self.name(path), documents) {
            (reader) throws(WeightsError) in
            let layout = try LayoutDefinition(reader, family: family, blocks: blocks)
            try layout.validate()
            return layout
          }
        } else {
          let naming = try NamingManifest(contents: Array(text.utf8), documents: documents)
          guard naming.family == family else {
            throw WeightsError(
              .manifestSyntax,
              "expected the family \(family.quoted) of its folder, found \(naming.family.quoted)")
          }
          namings.append(naming)
          paths.append(path)
        }
      } catch { throw error.inFile("Manifests/" + path) }
    }
    self.layouts = layouts
    self.namings = namings
    try validateKeyTables()
    for (naming, path) in zip(namings, paths) {
      do throws(WeightsError) { try addCandidates(of: naming) } catch {
        throw error.inFile("Manifests/" + path)
      }
    }
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

  /// A table that gave a key which no layout has would say nothing.
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
  ///   there already, the codes of StrictJSON.
  public mutating func add(_ contents: [UInt8], file: String) throws(WeightsError) {
    do throws(WeightsError) {
      let manifest = try NamingManifest(contents: contents, documents: documents)
      guard !namings.contains(where: { $0.label == manifest.label }) else {
        throw WeightsError(.manifestConflict, "\(manifest.label) is there already")
      }
      try addCandidates(of: manifest)
      namings.append(manifest)
    } catch { throw error.inFile(file) }
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

  /// - Throws: `manifest.unknown`, naming the namings there are.
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
      throw WeightsError(.manifestUnknown, file: "Manifests/\(name).json", "is not there")
    }
    do throws(WeightsError) { return try body(document) } catch {
      throw error.inFile("Manifests/\(name).json")
    }
  }
}

extension WeightsError.Code {
  /// A family or naming that no manifest describes.
  public static let manifestUnknown = Self("manifest.unknown")
}
