public import DVLADiagnostics
public import DVLAJSON

/// Reads tables of keys from the documents of `Manifests/documents`. A document with `"block"` is
/// no table of its own, but a part that tables name.
public struct KeyTableDecoder {
  private let documents: [String: JSONReader]

  /// - Parameter documents: by file name without ending.
  public init(_ documents: [String: JSONReader]) { self.documents = documents }

  /// - Throws: `manifest.syntax`, `json.*`, with the file.
  public func tables() throws(WeightsError) -> [KeyTable] {
    var tables: [KeyTable] = []
    for (name, reader) in documents.sorted(by: { $0.key < $1.key }) {
      do throws(WeightsError) {
        guard let object = reader.value.object, object["block"] == nil else { continue }
        tables.append(try table(name, reader))
      } catch { throw error.inFile("Manifests/documents/\(name).json") }
    }
    return tables
  }

  private func table(_ name: String, _ reader: JSONReader) throws(WeightsError) -> KeyTable {
    let object = try reader.object(allowing: [
      "schema", "about", "source", "files", "families", "naming", "when", "has", "include", "keys",
      "others",
    ])
    _ = try object.required("schema").integer(in: 1...1)
    var conditions: [KeyTable.Condition] = []
    for (path, values) in try object.optional("when")?.object().members ?? [] {
      conditions.append(
        KeyTable.Condition(
          path: path.split(separator: ".").map(String.init), values: try values.array().map(\.value)
        ))
    }
    for path in try object.optional("has")?.strings() ?? [] {
      conditions.append(
        KeyTable.Condition(path: path.split(separator: ".").map(String.init), values: nil))
    }
    return KeyTable(
      name: name, about: try object.required("about").string(),
      files: try object.required("files").strings(),
      families: try object.optional("families")?.strings() ?? [],
      naming: try object.optional("naming")?.string(),
      conditions: conditions, root: try group(object, scope: "", inside: []), defaults: [])
  }

  /// The keys of an object: those of the blocks it includes, then its own, which take their place.
  private func group(
    _ object: JSONObjectReader, scope: String, inside blocks: [String]
  ) throws(WeightsError) -> KeyTable.Group {
    var group = KeyTable.Group()
    for name in try object.optional("include")?.array() ?? [] {
      let part = try block(name, scope: scope, inside: blocks)
      group.entries.merge(part.entries) { _, new in new }
    }
    group.reasonForOthers = try object.optional("others")?.string()
    for (key, reader) in try object.optional("keys")?.object().members ?? [] {
      group.entries[key] = try entry(reader, scope: scope, inside: blocks)
    }
    return group
  }

  private func block(
    _ reader: JSONReader, scope: String, inside blocks: [String]
  ) throws(WeightsError) -> KeyTable.Group {
    let name = try reader.string()
    guard let document = documents[name], !blocks.contains(name) else {
      throw reader.failure(.manifestSyntax, "no block \(name.quoted) that could stand here")
    }
    let object = try document.object(allowing: [
      "schema", "block", "about", "source", "include", "keys",
    ])
    return try group(object, scope: scope, inside: blocks + [name])
  }

  private func entry(
    _ reader: JSONReader, scope: String, inside blocks: [String]
  ) throws(WeightsError) -> KeyTable.Entry {
    if let text = reader.value.string {
      guard text.hasPrefix("$") else { throw reader.mismatch("\"$KEY\" or an object") }
      return .sets(
        KeyTable.Setting(
          key: Self.key(String(text.dropFirst()), scope), form: .plain, absent: nil, null: nil,
          meanings: []))
    }
    let object = try reader.object(allowing: [
      "sets", "form", "absent", "null", "means", "used", "neutral", "fixed", "why", "keys", "block",
      "include", "scope", "rope", "stages", "others",
    ])
    if let key = object.optional("sets") {
      return .sets(try setting(object, key: Self.key(key.string(), scope)))
    }
    if let words = object.optional("used") { return .used(try words.string()) }
    if let reason = object.optional("neutral") { return .neutral(try reason.string()) }
    if let values = object.optional("fixed") {
      return .fixed(
        try values.array().map(\.value), why: try object.required("why").string())
    }
    if let key = object.optional("rope") { return .rope(Self.key(try key.string(), scope)) }
    if let key = object.optional("stages") { return .stages(Self.key(try key.string(), scope)) }
    let inner = try object.optional("scope").map { (reader) throws(WeightsError) in
      Self.key(try reader.string(), scope)
    }
    var group = KeyTable.Group()
    if let name = object.optional("block") {
      group = try block(name, scope: inner ?? scope, inside: blocks)
    }
    let own = try self.group(object, scope: inner ?? scope, inside: blocks)
    group.entries.merge(own.entries) { _, new in new }
    group.reasonForOthers = own.reasonForOthers
    guard !group.entries.isEmpty || group.reasonForOthers != nil else {
      throw reader.mismatch("a key's declaration")
    }
    return .group(group, absent: try object.optional("absent")?.object().object)
  }

  private func setting(
    _ object: JSONObjectReader, key: String
  ) throws(WeightsError) -> KeyTable.Setting {
    var form = SettingForm.plain
    if let reader = object.optional("form") {
      guard let known = SettingForm(rawValue: try reader.string()) else {
        throw reader.mismatch("\"plain\", \"side\" or \"token\"")
      }
      form = known
    }
    let absent = object.optional("absent")?.value
    var null = object.optional("null")?.value
    if null == "absent" { null = absent ?? .null }
    var meanings: [(spelling: JSONValue, value: JSONValue)] = []
    for (spelling, value) in try object.optional("means")?.object().members ?? [] {
      meanings.append((.string(spelling), value.value))
    }
    return KeyTable.Setting(key: key, form: form, absent: absent, null: null, meanings: meanings)
  }

  private static func key(_ text: String, _ scope: String) -> String {
    text.hasPrefix("/") ? String(text.dropFirst()) : scope + text
  }
}

extension JSONReader {
  fileprivate func strings() throws(WeightsError) -> [String] {
    guard value.array != nil else { return [try string()] }
    return try array().map { (item) throws(WeightsError) in try item.string() }
  }
}

extension WeightsError.Code {
  /// A manifest, or a table of documents, that is malformed.
  static let manifestSyntax = Self("manifest.syntax")
}
