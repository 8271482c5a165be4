/// A file, or a folder of files, that nobody should trust, and what must come of opening it.
public struct HostileCase: Sendable, CustomStringConvertible {
  /// What the files are given to.
  public enum Door: String, CaseIterable, Sendable {
    /// One file, as a checkpoint.
    case safetensors
    /// A folder, as a checkpoint.
    case folder
    /// `config.json` beside the tensors of a small DINOv2.
    case config
    /// The tensors of a small DINOv2, beside its `config.json`.
    case model
    case manifest, recipe, golden, tolerances, statistics
    case tokenizerJSON = "tokenizer-json"
    case tokenizerModel = "tokenizer-model"
    case image, npy, bundle, signature, budget, gate, calibration
    /// `policy_preprocessor.json` beside the tensors of a small pi0.
    case pipeline
    /// `preprocessor_config.json` of a DINOv2.
    case preprocessor
    /// What a client sends to a policy server.
    case message
  }

  /// What is in the files.
  public enum Content: Sendable {
    case file(@Sendable () throws -> [UInt8])
    /// By name.
    case folder([String: Entry])
  }

  /// An entry of a folder.
  public enum Entry: Sendable {
    case file([UInt8])
    case link(to: String)
    case folder, pipe
  }

  /// The class: a letter for the place, a number for the kind of lie. The page "What a bundle
  /// protects you from, and what it does not" says what each is.
  public let group: String
  public let door: Door
  public let what: String
  /// The code of the error; nil for what is odd and must be taken.
  public let code: String?
  /// Whether version 0.8 of the public safetensors library opens the file; of importance at that
  /// door alone.
  public let isTakenUpstream: Bool
  public let content: Content

  public var description: String { "\(group) \(door.rawValue): \(what)" }

  init(
    _ group: String, _ door: Door, _ what: String, _ code: String?, upstreamTakesIt: Bool? = nil,
    _ content: Content
  ) {
    (self.group, self.door, self.what, self.code) = (group, door, what, code)
    isTakenUpstream = upstreamTakesIt ?? (code == nil)
    self.content = content
  }

  /// Every case there is.
  public static let all: [HostileCase] =
    wholeFiles + headerTexts + names + entries + arrangements + folders + bundleHeaders
    + bundleAssets + bundleFrames + configurations + models + manifests + recipes + goldens
    + tolerances
    + statistics + pipelines + preprocessors + arrays + tokenizers + pictures + signatures
    + budgets + gates + calibrations + messages
}

/// Cases of one class at one door.
struct CaseList {
  let door: HostileCase.Door
  private(set) var cases: [HostileCase] = []

  init(_ door: HostileCase.Door) { self.door = door }

  mutating func add(
    _ group: String, _ what: String, _ code: String?, upstreamTakesIt: Bool? = nil,
    _ bytes: @autoclosure @escaping @Sendable () throws -> [UInt8]
  ) {
    cases.append(
      HostileCase(group, door, what, code, upstreamTakesIt: upstreamTakesIt, .file(bytes)))
  }

  mutating func add(
    _ group: String, _ what: String, _ code: String?, upstreamTakesIt: Bool? = nil,
    text: @autoclosure @escaping @Sendable () throws -> String
  ) {
    cases.append(
      HostileCase(
        group, door, what, code, upstreamTakesIt: upstreamTakesIt,
        .file { Array(try text().utf8) }))
  }

  mutating func add(
    _ group: String, _ what: String, _ code: String?,
    building bytes: @escaping @Sendable () throws -> [UInt8]
  ) {
    cases.append(HostileCase(group, door, what, code, .file(bytes)))
  }
}
