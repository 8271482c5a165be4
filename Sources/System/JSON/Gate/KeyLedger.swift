import DVLADiagnostics

/// The keys of the objects that are open, and the search for equal ones when an object closes.
///
/// Keys compare by their bytes after unescaping. Most keys hold no escape and stay ranges of the
/// text; the others are decoded into a buffer that shrinks when their object closes.
struct KeyLedger {
  private struct Key {
    /// Where the key begins in the text, behind its opening quote.
    let start: Int
    var bytes: Range<Int>
    /// Whether `bytes` lies in `decoded` and not in the text.
    var isDecoded: Bool
  }

  private let text: ByteText
  private var keys: [Key] = []
  private var decoded: [UInt8] = []
  private var objects: [(firstKey: Int, decodedStart: Int)] = []
  private var current = (start: 0, decodedStart: 0)
  // Scratch of the hash table, kept between objects.
  private var slots: [Int32] = []
  private var hashes: [Int] = []

  /// Up to here, comparing each pair is faster than hashing.
  private static let pairwiseCount = 8

  init(text: ByteText) { self.text = text }

  mutating func beginObject() {
    objects.append((keys.count, decoded.count))
  }

  mutating func beginKey(at start: Int) {
    current = (start, decoded.count)
  }

  /// Begins to decode the current key, whose text up to `escapeStart` is plain.
  mutating func beginDecoding(at escapeStart: Int) {
    appendText(current.start..<escapeStart)
  }

  mutating func appendText(_ range: Range<Int>) {
    for offset in range { decoded.append(text[offset]) }
  }

  mutating func append(_ scalar: Unicode.Scalar) {
    decoded.append(contentsOf: scalar.utf8)
  }

  @inline(__always)
  mutating func endKey(at end: Int, hasEscapes: Bool) {
    let bytes = hasEscapes ? current.decodedStart..<decoded.count : current.start..<end
    keys.append(Key(start: current.start, bytes: bytes, isDecoded: hasEscapes))
  }

  mutating func endObject() throws(WeightsError) {
    guard let object = objects.popLast() else { return }
    let range = object.firstKey..<keys.count
    let repeated = range.count <= Self.pairwiseCount ? pairwise(range) : hashed(range)
    if let repeated {
      let bytes = keys[repeated].bytes
      let key =
        keys[repeated].isDecoded
        ? String(decoding: decoded[bytes], as: UTF8.self) : text.string(bytes)
      throw text.failure(
        .jsonDuplicateKey, at: keys[repeated].start - 1,
        "expected each key once, found \(key.quoted) again")
    }
    keys.removeLast(range.count)
    decoded.removeLast(decoded.count - object.decodedStart)
  }

  private func pairwise(_ range: Range<Int>) -> Int? {
    var later = range.lowerBound + 1
    while later < range.upperBound {
      var earlier = range.lowerBound
      while earlier < later {
        if areEqual(keys[earlier], keys[later]) { return later }
        earlier += 1
      }
      later += 1
    }
    return nil
  }

  /// Open addressing in a table at most half full; the hash is seeded, so that no file can be
  /// made to collide.
  private mutating func hashed(_ range: Range<Int>) -> Int? {
    var size = 16
    while size < 2 * range.count { size *= 2 }
    slots.removeAll(keepingCapacity: true)
    slots.append(contentsOf: repeatElement(-1, count: size))
    hashes.removeAll(keepingCapacity: true)
    for (index, key) in keys[range].enumerated() {
      let hash = hash(key)
      hashes.append(hash)
      var slot = hash & (size - 1)
      while slots[slot] >= 0 {
        let earlier = Int(slots[slot])
        if hashes[earlier] == hash, areEqual(keys[range.lowerBound + earlier], key) {
          return range.lowerBound + index
        }
        slot = (slot + 1) & (size - 1)
      }
      slots[slot] = Int32(truncatingIfNeeded: index)
    }
    return nil
  }

  private func hash(_ key: Key) -> Int {
    var hasher = Hasher()
    if key.isDecoded {
      // The bytes are only read, and only during the call.
      unsafe decoded[key.bytes].withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    } else {
      text.hash(key.bytes, into: &hasher)
    }
    return hasher.finalize()
  }

  private func areEqual(_ a: Key, _ b: Key) -> Bool {
    guard a.bytes.count == b.bytes.count else { return false }
    var offset = 0
    while offset < a.bytes.count {
      let left = a.bytes.lowerBound + offset
      let right = b.bytes.lowerBound + offset
      guard
        (a.isDecoded ? decoded[left] : text[left]) == (b.isDecoded ? decoded[right] : text[right])
      else { return false }
      offset += 1
    }
    return true
  }
}
