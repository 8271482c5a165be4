public import DVLATensors

/// What a checkpoint has around a naming's own names, and how it is removed.
///
/// Training code wraps models, and the wrappers appear in the names: `module.` for data
/// parallelism, `_orig_mod.` for `torch.compile`, `teacher.backbone.` for self-distillation. The
/// ledger keeps the checkpoint's own names, so that an export can restore what was removed.
public struct NameWrapping: Sendable, Hashable {
  /// The prefix that the user chose, with its dot: names without it are not read. Nil where the
  /// user did not choose; empty for names without any prefix.
  public var chosen: String?
  /// Components that wrappers add, removed everywhere behind ``chosen``.
  public var components: [String]
  /// Whether blocks are named `blocks.CHUNK.LAYER`, from which the chunk is removed.
  public var hasChunks: Bool
  /// The prefix of every name that remains, with its dot; often empty.
  public var inner: String

  public init(
    chosen: String? = nil, components: [String] = [], hasChunks: Bool = false, inner: String = ""
  ) {
    self.chosen = chosen
    self.components = components
    self.hasChunks = hasChunks
    self.inner = inner
  }

  /// Whether every name is read as it is.
  public var isEmpty: Bool { prefix.isEmpty && components.isEmpty && !hasChunks }

  /// Everything in front of the naming's own names.
  public var prefix: String { (chosen ?? "") + inner }

  /// The name as the naming has it; nil for a name that does not have the prefix, or nothing after
  /// it.
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
      // A name of only such components was not made by a wrapper.
      if result.isEmpty { return parts }
    }
    if hasChunks, let blocks = Self.chunkedBlocks(result) { result.remove(at: blocks + 1) }
    return result
  }

  /// The position of `blocks` in `blocks.CHUNK.LAYER`; nil where there is none.
  static func chunkedBlocks(_ parts: [Substring]) -> Int? {
    guard parts.count > 3 else { return nil }
    return parts.indices.dropLast(3).first { position in
      parts[position].utf8.elementsEqual("blocks".utf8)
        && NamePattern.index(parts[position + 1]) != nil
        && NamePattern.index(parts[position + 2]) != nil
    }
  }
}

/// A checkpoint's tensor with the name that manifests are matched with: its own, or what remains of
/// it without a wrapper.
struct NamedTensor: Sendable {
  let info: TensorInfo
  let bare: NameComponents

  init(_ info: TensorInfo) {
    self.info = info
    bare = NameComponents(info.name)
  }

  init(_ info: TensorInfo, parts: [Substring]) {
    self.info = info
    bare = NameComponents(name: info.name, parts: parts)
  }

  /// Without the first components of the bare name.
  func dropFirst(_ count: Int) -> NamedTensor {
    NamedTensor(info, parts: Array(bare.parts.dropFirst(count)))
  }
}
