public import DVLAJSON

/// The keys that one kind of document may have, and what becomes of each: data in
/// `Manifests/documents`.
///
/// A key is declared as one of these:
///
/// - `"$KEY"`, or `{"sets": "KEY"}`: it gives the configuration key `KEY`, below the scope of the
///   block it stands in; `/KEY` is below none. Beside `sets` may stand `form` (``SettingForm``),
///   `absent` (what the library takes where the document leaves the key out), `null` (what it takes
///   for null, or `"absent"`), and `means` (an object: other spellings of a value).
/// - `{"used": "…"}`: dedicated code reads it; the text says what it decides.
/// - `{"neutral": "…"}`: no result depends on it, for that reason.
/// - `{"fixed": […], "why": "…"}`: only these values are computed.
/// - `{"keys": {…}}` or `{"block": "NAME"}`: an object with keys of its own, with `scope` for the
///   configuration keys in it, and `absent`: the object that the library takes where there is none.
///   `keys` beside `block` take the place of the block's own.
/// - `{"rope": "KEY"}`: one of the three members that say how positions are rotated
///   (``RotaryMembers``).
/// - `{"stages": "KEY"}`: one of the two members that name the stages of a backbone
///   (``StageMembers``).
///
/// `"others": "…"` beside `keys` says why every key that is not declared is neutral.
public struct KeyTable: Sendable {
  /// The name of the file in `Manifests/documents`, without its ending.
  public let name: String
  /// What writes such a document.
  public let about: String
  /// The names such a document has beside the weights.
  public let files: [String]
  /// The families whose weights it may accompany; empty: all of them.
  public let families: [String]
  /// The naming that tensors have beside it, where the same library writes both.
  public let naming: String?
  /// Members that must have one of the values, so that the table applies.
  let conditions: [Condition]
  let root: Group
  /// What the library takes where nothing in the document gives a configuration key.
  let defaults: [(key: String, value: JSONValue)]

  /// A member of the document that identifies its kind.
  struct Condition: Sendable {
    let path: [String]
    /// nil: any value will do.
    let values: [JSONValue]?
  }

  /// The keys of one object.
  struct Group: Sendable {
    var entries: [String: Entry] = [:]
    /// Why keys that are not declared are neutral; nil: they are unknown.
    var reasonForOthers: String?

    /// Keys are equal when their bytes are; a dictionary of strings takes equivalent ones too.
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

  /// A key that gives a configuration key its value.
  struct Setting: Sendable {
    let key: String
    let form: SettingForm
    /// What the library takes where the document leaves the key out.
    let absent: JSONValue?
    /// What it takes for null; nil: null is refused.
    let null: JSONValue?
    /// Other spellings of values.
    let meanings: [(spelling: JSONValue, value: JSONValue)]
  }

  /// Whether the document, of that name and beside weights of that family, is one of these.
  public func describes(_ document: JSONObject, named file: String, beside family: String) -> Bool {
    files.contains(file) && (families.isEmpty || families.contains(family)) && describes(document)
  }

  /// Whether the document is one of these, beside the weights of any family.
  public func describes(_ document: JSONObject) -> Bool {
    conditions.allSatisfy { condition in
      var value: JSONValue? = .object(document)
      for key in condition.path { value = value?.object?[key] }
      return condition.values.map { $0.contains(value ?? .null) } ?? (value != nil)
    }
  }

  /// Every configuration key that the document may give.
  public var settingKeys: Set<String> { root.settingKeys.union(defaults.map(\.key)) }
}

extension KeyTable {
  /// A key of a table that is made in code, for documents that a manifest describes otherwise.
  public indirect enum TemplateKey: Sendable {
    case sets(String)
    case neutral(String)
    case object([String: TemplateKey])

    /// Two objects are one with the keys of both; else the first counts.
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

  /// A table of one naming's `config.json`. Null says nothing in it.
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
