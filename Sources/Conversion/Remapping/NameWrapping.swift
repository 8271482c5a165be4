public import DVLATensors

/// What stands around a naming's own names in a checkpoint, and how it is taken off.
///
/// Training code wraps models, and the wrappers show in the names: `module.` of data parallelism,
/// `_orig_mod.` of `torch.compile`, `teacher.backbone.` of self-distillation. The ledger keeps the
/// checkpoint's own names, so that what is taken off can be put back.
public struct NameWrapping: Sendable, Hashable {
  /// The prefix that the user chose, with its dot: names without it are not read. Nil where the
  /// user said nothing; empty where names without any prefix are meant.
  public var chosen: String?
  /// Components that wrappers put inside names, left out wherever they stand behind ``chosen``.
  public var components: [String]
  /// Whether blocks are named `blocks.CHUNK.LAYER`, of which the chunk is left out.
  public var hasChunks: Bool
  /// Text in front of every name that is left, often empty; with its dot.
  public var inner: String

  public init(
    chosen: String? = nil, components: [String] = [], hasChunks: Bool = false, inner: String = ""
  ) {
    self.chosen = chosen
    self.components = components
    self.hasChunks = hasChunks
    self.inner = inner
  }

  /// Whether every name is read as it stands.
  public var isEmpty: Bool { prefix.isEmpty && components.isEmpty && !hasChunks }

  /// All that stands in front of the naming's own names.
  public var prefix: String { (chosen ?? "") + inner }

  /// The name in the naming's own terms; nil for one that does not carry the prefix, or is nothing
  /// besides.
  public func bare(_ name: TensorName) -> TensorName? {
    guard let rest = Self.dropping(chosen ?? "", from: name.string) else { return nil }
    let parts = unwrapped(rest.split(separator: ".", omittingEmptySubsequences: false))
    return Self.dropping(inner, from: parts.joined(separator: ".")).map { TensorName($0) }
  }

  private static func dropping(_ prefix: String, from text: String) -> String? {
    guard !prefix.isEmpty else { return text }
    guard text.utf8.starts(with: prefix.utf8), text.utf8.count > prefix.utf8.count else {
      return nil
    }
    return String(text.utf8.dropFirst(prefix.utf8.count))
  }

  /// The components without those of wrappers and chunks.
  func unwrapped(_ parts: [Substring]) -> [Substring] {
    var result = parts
    if !components.isEmpty {
      result.removeAll { part in components.contains { $0.utf8.elementsEqual(part.utf8) } }
      // A name of nothing else is no wrapper's.
      if result.isEmpty { return parts }
    }
    if hasChunks, let blocks = Self.chunkedBlocks(result) { result.remove(at: blocks + 1) }
    return result
  }

  /// Where `blocks` of `blocks.CHUNK.LAYER` stands.
  static func chunkedBlocks(_ parts: [Substring]) -> Int? {
    guard parts.count > 3 else { return nil }
    return parts.indices.dropLast(3).first { position in
      parts[position].utf8.elementsEqual("blocks".utf8)
        && NamePattern.index(parts[position + 1]) != nil
        && NamePattern.index(parts[position + 2]) != nil
    }
  }
}
