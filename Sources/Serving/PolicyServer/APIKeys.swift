public import DVLADiagnostics
import DVLAFiles
import DVLAHashing

/// The keys that clients may show: `Authorization: Api-Key KEY`.
///
/// Only their hashes are kept, and all are compared in full, so that the time of a comparison tells
/// nothing about a key.
public struct APIKeys: Sendable {
  private let hashes: [[UInt8]]

  /// Reads a file with a key on each line; empty lines do not count.
  ///
  /// - Throws: `serve.api-key` for a file without keys, with too many, or with a key that is short
  ///   or has other characters than visible ASCII; `file.*`.
  public init(path: String) throws(WeightsError) {
    let bytes = try readWholeFile(path: path, limit: Self.byteCountLimit)
    try self.init(bytes, path: path)
  }

  init(_ bytes: [UInt8], path: String) throws(WeightsError) {
    var hashes: [[UInt8]] = []
    for (index, line) in bytes.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
      let key = line.last == 13 ? line.dropLast() : line
      guard !key.isEmpty else { continue }
      // The key itself must not get into an error.
      guard key.count >= Self.leastLength, key.allSatisfy({ (0x21...0x7e).contains($0) }) else {
        throw WeightsError(
          .serveAPIKey, file: path,
          "line \(index + 1): expected a key of at least \(Self.leastLength) visible ASCII "
            + "characters without spaces, found another")
      }
      hashes.append(SHA256.hash(unsafe Array(key).span.bytes).bytes)
    }
    guard (1...Self.countLimit).contains(hashes.count) else {
      throw WeightsError(
        .serveAPIKey, file: path,
        "expected 1 to \(Self.countLimit) keys, one on each line, found \(hashes.count)")
    }
    self.hashes = hashes
  }

  /// Whether the value of an `Authorization` header shows one of the keys.
  func allow(_ authorization: String) -> Bool {
    let parts = authorization.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "api-key" else { return false }
    let key = Array(parts[1].utf8.drop { $0 == UInt8(ascii: " ") })
    let shown = SHA256.hash(unsafe key.span.bytes).bytes
    var isKnown = false
    for hash in hashes {
      let difference = zip(hash, shown).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
      isKnown = difference == 0 || isKnown
    }
    return isKnown
  }

  private static let byteCountLimit = 64 << 10
  private static let countLimit = 64
  private static let leastLength = 16
}

extension WeightsError.Code {
  /// A file of API keys has none, or one that no client could send.
  static let serveAPIKey = Self("serve.api-key")
}
