import DVLAHashing
import Glibc

/// What a file or folder is called until it has its name: `.NAME.partial-PID-RANDOM`. Of a NAME so
/// long that the whole could exceed what file systems allow for a name (255 bytes), the beginning
/// and a hash stand for it. A journal has the name of the file it belongs to, and `.journal`.
enum TemporaryName {
  static let journalSuffix = ".journal"
  private static let mark = ".partial-"
  /// Bytes of the longest name that is used unchanged: a process id has at most 10 digits, the
  /// random number 16.
  private static let limit = 255 - ".".utf8.count - mark.utf8.count - 27 - journalSuffix.utf8.count

  /// One that no other has.
  static func new(for target: String) -> String {
    let random = String(UInt64.random(in: .min ... .max), radix: 16)
    return ".\(base(of: target))\(mark)\(getpid())-\(random)"
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
    return base.elementsEqual(Self.base(of: target).utf8)
  }

  private static func base(of target: String) -> String {
    guard target.utf8.count > limit else { return target }
    // Names that begin alike must not share their temporaries.
    let suffix = "~" + String(XXH3.hash(Array(target.utf8)), radix: 16)
    var name = target
    while name.utf8.count + suffix.utf8.count > limit { name.removeLast() }
    return name + suffix
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
