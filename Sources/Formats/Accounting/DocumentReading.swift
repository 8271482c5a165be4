public import DVLADiagnostics
public import DVLAJSON

/// The settings in a document and an account of its keys, read by a ``KeyTable``.
public struct DocumentReading: Sendable {
  /// A configuration key with its value and the place where the document has it.
  public struct Setting: Sendable {
    public let key: String
    public let value: JSONValue
    /// The document and the key in it, such as `config.json text_config.head_dim`.
    public let place: String
  }

  /// The settings that the document has.
  public private(set) var settings: [Setting] = []
  /// The defaults of the library for keys that the document omits.
  public private(set) var defaults: [Setting] = []
  public private(set) var account: KeyAccount

  private let document: String

  /// - Parameters:
  ///   - value: the document.
  ///   - document: its name beside the weights, for messages and the account.
  /// - Throws: `document.setting` for a value that is not supported; `document.too-many-keys`.
  public init(
    _ value: JSONValue, named document: String, by table: KeyTable
  ) throws(WeightsError) {
    self.document = document
    account = KeyAccount(document: document)
    guard let object = value.object else {
      throw WeightsError(.documentSetting, "\(document) must be a JSON object")
    }
    try visit(object, table.root, at: "")
    let given = Set(settings.map(\.key))
    defaults += table.defaults.map { Setting(key: $0.key, value: $0.value, place: document) }
    defaults.removeAll { given.contains($0.key) || $0.value == .null }
  }

  /// Reads a document that no table describes: all its keys are unknown.
  ///
  /// - Throws: `document.setting` when it is no JSON object; `document.too-many-keys`.
  public init(unknown value: JSONValue, named document: String) throws(WeightsError) {
    try self.init(
      value, named: document, by: KeyTable(name: document, about: "", keys: [:], absent: []))
  }

  private func place(_ path: String) -> String { document + " " + path }

  private mutating func visit(
    _ object: JSONObject, _ group: KeyTable.Group, at prefix: String
  ) throws(WeightsError) {
    for (key, value) in object.members {
      try visit(key, value, group[key], at: prefix + key, in: object)
    }
    for (key, entry) in group.entries.sorted(by: { $0.key < $1.key })
    where object[key] == nil { try take(absent: entry, at: prefix + key) }
    try takeRotations(object, group, at: prefix)
    try takeStages(object, group, at: prefix)
  }

  private mutating func visit(
    _ key: String, _ value: JSONValue, _ entry: KeyTable.Entry?, at path: String,
    in object: JSONObject
  ) throws(WeightsError) {
    switch entry {
    case nil: try account.add(path, value, .unknown)
    case .used(let words): try account.add(path, value, .used(words))
    case .neutral(let reason): try account.add(path, value, .neutral(reason))
    case .fixed(let values, let why):
      guard values.contains(where: { $0.isSameSetting(as: value) }) else {
        throw WeightsError(
          .documentSetting,
          "\(place(path)) is \(KeyEntry.shortened(value)), but only "
            + values.map(KeyEntry.shortened).joined(separator: " or ") + " is supported: \(why)"
        )
      }
      try account.add(path, value, .fixed)
    case .sets(let setting):
      if value == .null {
        guard let null = setting.null else {
          throw WeightsError(
            .documentSetting,
            "\(place(path)) is null; set a value or remove the key")
        }
        defaults.append(Setting(key: setting.key, value: null, place: place(path)))
      } else {
        var read = try setting.form.value(value, at: place(path))
        if let meaning = setting.meanings.first(where: { $0.spelling == read }) {
          read = meaning.value
        }
        settings.append(Setting(key: setting.key, value: read, place: place(path)))
      }
      try account.add(path, value, .used(setting.key))
    case .group(let group, let absent):
      if let inner = value.object {
        try visit(inner, group, at: path + ".")
      } else if value == .null {
        try account.add(path, value, .neutral("null is what the library takes for a key left out"))
        try takeDefaults(of: group, absent ?? JSONObject(), at: path)
      } else {
        throw WeightsError(
          .documentSetting,
          "\(place(path)): expected an object, found \(KeyEntry.shortened(value))")
      }
    // These are read together with their siblings.
    case .rope, .stages: break
    }
  }

  private mutating func take(
    absent entry: KeyTable.Entry, at path: String
  ) throws(WeightsError) {
    switch entry {
    case .sets(let setting):
      guard let value = setting.absent else { return }
      defaults.append(Setting(key: setting.key, value: value, place: place(path)))
    case .group(let group, let absent):
      try takeDefaults(of: group, absent ?? JSONObject(), at: path)
    default: return
    }
  }

  /// An object that the library fills in itself yields defaults, but no keys of the document.
  private mutating func takeDefaults(
    of group: KeyTable.Group, _ object: JSONObject, at path: String
  ) throws(WeightsError) {
    let (before, entries) = (settings, account)
    try visit(object, group, at: path + ".")
    // A default of the object replaces a general default of the library.
    let given = Array(settings[before.count...])
    let keys = Set(given.map(\.key))
    defaults = defaults.filter { !keys.contains($0.key) } + given
    (settings, account) = (before, entries)
  }

  private mutating func takeRotations(
    _ object: JSONObject, _ group: KeyTable.Group, at prefix: String
  ) throws(WeightsError) {
    guard let key = group.rotationKey else { return }
    let members = try RotaryMembers(object, at: document + " " + prefix)
    for (path, value, fate) in members.fates(settingKey: key) {
      try account.add(prefix + path, value, fate)
    }
    take(
      key, members.theta.value, at: prefix + members.theta.path, isStated: members.theta.isStated)
  }

  private mutating func takeStages(
    _ object: JSONObject, _ group: KeyTable.Group, at prefix: String
  ) throws(WeightsError) {
    guard let key = group.stagesKey else { return }
    let members = try StageMembers(object, at: document + " " + prefix)
    for (path, value) in members.members { try account.add(prefix + path, value, .used(key)) }
    take(
      key, .array(members.indices.map { .integer(Int64($0)) }), at: prefix + members.path,
      isStated: members.isStated)
  }

  private mutating func take(_ key: String, _ value: JSONValue, at path: String, isStated: Bool) {
    let setting = Setting(key: key, value: value, place: place(path))
    if isStated { settings.append(setting) } else { defaults.append(setting) }
  }
}

extension KeyTable.Group {
  /// The configuration key set by the members for rotary positions; nil where the object has none.
  fileprivate var rotationKey: String? {
    entries.values.lazy.compactMap { if case .rope(let key) = $0 { key } else { nil } }.first
  }

  /// The configuration key set by the members for the stages of a backbone; nil where the object
  /// has none.
  fileprivate var stagesKey: String? {
    entries.values.lazy.compactMap { if case .stages(let key) = $0 { key } else { nil } }.first
  }
}
