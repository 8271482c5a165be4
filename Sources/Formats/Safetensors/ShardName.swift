import DVLADiagnostics

/// A name such as `model-00002-of-00005.safetensors`.
public struct ShardName: Hashable {
  public let stem: String
  let number: Int
  public let count: Int

  public init?(_ name: String) {
    let suffix = ".safetensors"
    guard name.hasSuffix(suffix) else { return nil }
    let parts = name.dropLast(suffix.count).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[parts.count - 2] == "of",
      let number = Self.digits(parts[parts.count - 3]),
      let count = Self.digits(parts[parts.count - 1])
    else { return nil }
    stem = parts.dropLast(3).joined(separator: "-")
    self.number = number
    self.count = count
  }

  private static func digits(_ text: Substring) -> Int? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int(text)
  }

  /// Demands that names of this form are a whole set: one stem, one count, every number once.
  static func checkSet(_ names: [String]) throws(WeightsError) {
    let shards = names.compactMap { name in ShardName(name).map { (name, $0) } }
    guard let (firstName, first) = shards.first else { return }
    if let other = names.first(where: { ShardName($0) == nil }) {
      throw WeightsError(
        .checkpointShardSet,
        "\(firstName.quoted) is one of \(first.count) shards, \(other.quoted) "
          + "is not")
    }
    for (name, shard) in shards where shard.stem != first.stem || shard.count != first.count {
      throw WeightsError(
        .checkpointShardSet, "\(firstName.quoted) and \(name.quoted) are of different sets")
    }
    let numbers = Set(shards.map(\.1.number))
    // Names are distinct and counts equal, but 1 and 01 are the same number.
    guard numbers.count == shards.count, numbers.count == first.count,
      numbers.allSatisfy({ (1...first.count).contains($0) })
    else {
      throw WeightsError(
        .checkpointShardSet,
        "\(firstName.quoted) is one of \(first.count) shards, the index names \(shards.count): "
          + "numbers \(numbers.sorted().map(String.init).joined(separator: ", "))")
    }
  }
}
