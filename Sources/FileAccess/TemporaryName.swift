import Glibc

/// What a file or folder is called until it has its name: `.NAME.partial-PID-RANDOM`, with NAME cut
/// where the whole would exceed what file systems allow for a name (255 bytes). A journal has the
/// name of the file it tells of, and `.journal`.
enum TemporaryName {
  static let journalSuffix = ".journal"
  private static let mark = ".partial-"
  private static let limit = 255 - journalSuffix.utf8.count

  /// One that no other has.
  static func new(for target: String) -> String {
    let random = String(UInt64.random(in: .min ... .max), radix: 16)
    let suffix = "\(mark)\(getpid())-\(random)"
    var name = target
    while name.utf8.count + suffix.utf8.count + 1 > limit { name.removeLast() }
    return "." + name + suffix
  }

  /// Whether a temporary of that target can be called so, or the journal of one.
  static func isOne(_ name: String, of target: String) -> Bool {
    var bytes = Substring(name).utf8
    if name.hasSuffix(journalSuffix) { bytes.removeLast(journalSuffix.utf8.count) }
    let text = String(Substring(bytes))
    guard text.utf8.first == UInt8(ascii: "."), let mark = text.lastRange(of: mark) else {
      return false
    }
    let base = text.utf8[text.utf8.index(after: text.startIndex)..<mark.lowerBound]
    let numbers = text[mark.upperBound...].split(separator: "-", omittingEmptySubsequences: false)
    guard numbers.count == 2, Int32(numbers[0]) != nil, UInt64(numbers[1], radix: 16) != nil else {
      return false
    }
    // A name that was cut belongs to every target that begins so; what is cut is that long.
    return base.elementsEqual(target.utf8)
      || text.utf8.count > limit - 4 && target.utf8.starts(with: base)
  }
}

extension String {
  fileprivate func lastRange(of word: String) -> Range<Index>? {
    var end = utf8.endIndex
    while end > utf8.startIndex {
      let rest = utf8[..<end]
      guard let dot = rest.lastIndex(of: UInt8(ascii: ".")) else { return nil }
      if utf8[dot...].starts(with: word.utf8) {
        return dot..<utf8.index(dot, offsetBy: word.utf8.count)
      }
      end = dot
    }
    return nil
  }
}
