public import DVLAJSON

/// The keys that one kind of document may have, and what becomes of each. It is read from a file in
/// `Manifests/documents` by ``KeyTableDecoder``.
///
/// A key is declared as one of these:
///
/// - `"$KEY"`, or `{"sets": "KEY"}`: it sets the configuration key `KEY` in the scope of its block;
///   `/KEY` is outside any scope. Further members beside `sets` are `form` (`SettingForm`),
///   `absent` (the library's default where the document omits the key), `null` (the value that null
///   means, or `"absent"`), and `means` (an object of other spellings of a value).
/// - `{"used": "…"}`: dedicated code reads it; the text says what it determines.
/// - `{"neutral": "…"}`: no result depends on it; the text is the reason.
/// - `{"fixed": […], "why": "…"}`: only these values are supported.
/// - `{"keys": {…}}` or `{"block": "NAME"}`: an object with keys of its own, with `scope` for the
///   configuration keys in it, and `absent`: the library's default for the object. Where both are
///   present, `keys` replace those of the block.
/// - `{"rope": "KEY"}`: one of the three members for rotary positions (`RotaryMembers`).
/// - `{"stages": "KEY"}`: one of the two members for the stages of a backbone (`StageMembers`).
///
/// `"others": "…"` beside `keys` is the reason why all keys that are not declared are neutral.
public struct KeyTable: Sendable {
  /// The name of the file in `Manifests/documents`, without its extension.
  public let name: String
  /// The library that writes such a document.
  public let about: String
  /// The names such a document has beside the weights.
  public let files: [String]
  /// The families whose weights it may accompany; empty for all of them.
  public let families: [String]
  /// The naming of the tensors, where the same library writes both; otherwise nil.
  public let naming: String?
  /// Members that must have one of the values for the table to apply.
  let conditions: [Condition]
  let root: Group
  /// The library's defaults for configuration keys that nothing in the document sets.
  let defaults: [(key: String, value: JSONValue)]

  /// A member by which the document is recognised.
  struct Condition: Sendable {
    let path: [String]
    /// The allowed values; nil for any value.
    let values: [JSONValue]?
  }

  /// The keys of one object.
  struct Group: Sendable {
    var entries: [String: Entry] = [:]
    /// Why keys that are not declared are neutral; nil where they are unknown.
    var reasonForOthers: String?

    /// Compares keys by their bytes, whereas a dictionary of strings also finds equivalent ones.
    subscript(key: String) -> Entry? {
      guard let index = entries.index(forKey: key),
        entries[index].key.utf8.elementsEqual(key.utf8)
      else { return reasonForOthers.map { .neutral($0) } }
      return entries[index].value
    }
  }

  indirect enum Entry: Sendable {
    case sets(Setting)
    case used(String)
    case neutral(String)
    case fixed([JSONValue], why: String)
    case group(Group, absent: JSONObject?)
    case rope(String)
    case stages(String)
  }

  /// A key that sets a configuration key.
  struct Setting: Sendable {
    let key: String
    let form: SettingForm
    /// The library's default where the document omits the key.
    let absent: JSONValue?
    /// The value that null means; nil where null is refused.
    let null: JSONValue?
    /// Other spellings of values.
    let meanings: [(spelling: JSONValue, value: JSONValue)]
  }

  /// Whether the table describes this document, which has that name and accompanies weights of that
  /// family.
  public func describes(_ document: JSONObject, named file: String, beside family: String) -> Bool {
    files.contains(file) && (families.isEmpty || families.contains(family)) && describes(document)
  }

  /// Whether the table describes this document, for weights of any family.
  public func describes(_ document: JSONObject) -> Bool {
    conditions.allSatisfy { condition in
      var value: JSONValue? = .object(document)
      for key in condition.path { value = value?.object?[key] }
      return condition.values.map { $0.contains(value ?? .null) } ?? (value != nil)
    }
  }

  /// Every configuration key that the document may set.
  public var settingKeys: Set<String> { root.settingKeys.union(defaults.map(\.key)) }
}

extension KeyTable {
  /// A key of a table that is made in code, for a document that a naming manifest describes.
  public indirect enum TemplateKey: Sendable {
    case sets(String)
    case neutral(String)
    case object([String: TemplateKey])

    /// Merges two objects into one with the keys of both; otherwise the first is used.
    public func merged(with other: TemplateKey) -> TemplateKey {
      guard case .object(let a) = self, case .object(let b) = other else { return self }
      return .object(a.merging(b) { $0.merged(with: $1) })
    }

    fileprivate var entry: Entry {
      switch self {
      case .sets(let key):
        .sets(Setting(key: key, form: .plain, absent: nil, null: .null, meanings: []))
      case .neutral(let reason): .neutral(reason)
      case .object(let keys):
        .group(Group(entries: keys.mapValues(\.entry)), absent: nil)
      }
    }
  }

  /// A table of one naming's `config.json`, in which null has no effect.
  public init(
    name: String, about: String, keys: [String: TemplateKey],
    absent: [(key: String, value: JSONValue)]
  ) {
    self.init(
      name: name, about: about, files: ["config.json"], families: [], naming: nil,
      conditions: [],
      root: Group(entries: keys.mapValues(\.entry)), defaults: absent)
  }
}

extension KeyTable.Group {
  fileprivate var settingKeys: Set<String> {
    Set(
      entries.values.flatMap { entry -> [String] in
        switch entry {
        case .sets(let setting): [setting.key]
        case .rope(let key), .stages(let key): [key]
        case .group(let group, _): Array(group.settingKeys)
        case .used, .neutral, .fixed: []
        }
      })
  }
}
