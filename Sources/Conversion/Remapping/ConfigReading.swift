public import DVLAAccounting
import DVLADiagnostics
import DVLAJSON

/// What a `config.json` beside the weights says, whoever wrote it, and what became of each key.
public struct ConfigReading: Sendable {
  /// What it says, and what its library takes for keys that it leaves out, under the layout's keys.
  public let stated: Configuration
  public let account: KeyAccount
  /// The naming that its library gives tensors, where it has one only.
  let naming: String?

  /// The origin of a value that config.json leaves to the library; the user may say otherwise.
  static let libraryDefault = "the library's default, as config.json leaves it out"

  /// - Throws: `remap.contradiction` where two members give one key different values;
  ///   `document.*`.
  init(_ document: JSONValue, by table: KeyTable) throws(WeightsError) {
    let reading = try DocumentReading(document, named: "config.json", by: table)
    var stated = Configuration()
    for setting in reading.settings {
      if let known = stated[setting.key], !known.isSameSetting(as: setting.value) {
        throw WeightsError(
          .remapContradiction,
          "\(setting.place) is \(setting.value.excerpt), but "
            + "\(stated.origin(of: setting.key) ?? "") is \(known.excerpt)")
      }
      if stated[setting.key] == nil {
        stated.set(setting.key, setting.value, origin: setting.place)
      }
    }
    for setting in reading.defaults where stated[setting.key] == nil {
      stated.set(setting.key, setting.value, origin: Self.libraryDefault)
    }
    self.stated = stated
    account = reading.account
    naming = table.naming
  }
}

extension ManifestLibrary {
  /// Reads a `config.json` by the table that describes it: that of a library which writes such
  /// files, whatever naming the tensors have; else that of the naming itself. Where neither knows
  /// the document, every key of it is unknown.
  ///
  /// - Throws: `remap.contradiction` for the document of another model; what ``ConfigReading``
  ///   throws.
  func read(
    config document: JSONValue, beside manifest: NamingManifest
  ) throws(WeightsError) -> ConfigReading {
    let object = document.object ?? JSONObject()
    let known = keyTables.filter { $0.files.contains("config.json") && $0.describes(object) }
    let table = keyTables.first {
      $0.describes(object, named: "config.json", beside: manifest.family)
    }
    if let table {
      return try ConfigReading(document, by: table)
    }
    if let value = object["model_type"], value != .null,
      value.string.map({ !manifest.modelTypes.contains($0) }) ?? true
    {
      let expected = Set(manifest.modelTypes + modelTypes(of: manifest.family)).sorted()
      throw WeightsError(
        .remapContradiction,
        "config.json says model_type \(value.excerpt), expected "
          + expected.map(\.quoted).joined(separator: " or ")
          + ": the tensors are \(manifest.label)")
    }
    if let other = known.first {
      throw WeightsError(
        .remapContradiction,
        "config.json is \(other.about), but the tensors are \(manifest.label)")
    }
    guard let table = manifest.config?.keyTable else {
      return try ConfigReading(
        document, by: KeyTable(name: "unknown", about: "", keys: [:], absent: []))
    }
    return try ConfigReading(document, by: table)
  }

  /// What `model_type` may be in a config.json beside tensors of the family.
  private func modelTypes(of family: String) -> [String] {
    namings.filter { $0.family == family }.flatMap(\.modelTypes)
  }
}
