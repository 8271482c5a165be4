public import DVLAAccounting
import DVLADiagnostics
import DVLAJSON

/// The content of a `config.json` beside the weights, as the layout's configuration, with an
/// account of every key.
public struct ConfigReading: Sendable {
  /// Its values, and the defaults of its library for keys that it omits, under the layout's keys.
  public let stated: Configuration
  public let account: KeyAccount
  /// The naming of tensors that its library uses; nil unless it has only one.
  let naming: String?

  /// The origin of a value that config.json leaves to the library, and the user may override.
  static let libraryDefault = "the library's default, as config.json leaves it out"

  /// - Throws: `remap.contradiction` where two members set one key to different values;
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
  /// files, for any naming of the tensors, or else that of the naming itself. Without either, every
  /// key of the document is unknown.
  ///
  /// - Throws: `remap.contradiction` for the document of another model; the errors of
  ///   ``ConfigReading``.
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
        "config.json has the model_type \(value.excerpt), but the tensors are \(manifest.label), "
          + "whose model_type is " + expected.map(\.quoted).joined(separator: " or "))
    }
    if let other = known.first {
      throw WeightsError(
        .remapContradiction,
        "config.json belongs to another model (\(other.about)): the tensors are \(manifest.label)")
    }
    guard let table = manifest.config?.keyTable else {
      return try ConfigReading(
        document, by: KeyTable(name: "unknown", about: "", keys: [:], absent: []))
    }
    return try ConfigReading(document, by: table)
  }

  /// The values that `model_type` may have in a config.json beside tensors of the family.
  private func modelTypes(of family: String) -> [String] {
    namings.filter { $0.family == family }.flatMap(\.modelTypes)
  }
}
