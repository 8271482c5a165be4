import DVLADiagnostics
import DVLAKernels

// Reading what a caller passed. See Boundary.swift for the invariant.

/// A text.
///
/// - Throws: `argument.null`, `argument.text`.
func text(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(WeightsError) -> String {
  guard let found = try unsafe optionalText(pointer, name) else { throw .null(name) }
  return found
}

/// A text, or nil for NULL.
///
/// - Throws: `argument.text`.
func optionalText(
  _ pointer: UnsafePointer<CChar>?, _ name: String
) throws(WeightsError) -> String? {
  guard let pointer = unsafe pointer else { return nil }
  guard let text = unsafe String(validatingCString: pointer) else {
    throw WeightsError(.argumentText, .usage, "\(name): expected a text in UTF-8")
  }
  return text
}

/// More texts than anybody has keys or goldens.
private let textLimit = 1 << 20

/// Several texts.
///
/// - Throws: `argument.null`, `argument.range`, `argument.text`.
func texts(
  _ pointer: UnsafePointer<UnsafePointer<CChar>?>?, count: Int, _ name: String
) throws(WeightsError) -> [String] {
  // A count of more than 2^63 - 1 is negative here.
  guard 0...textLimit ~= count else {
    throw .range(name, "at most \(textLimit) texts", "\(UInt(bitPattern: count))")
  }
  guard count > 0 else { return [] }
  guard let pointer = unsafe pointer else { throw .null(name) }
  var found: [String] = []
  for index in 0..<count { found.append(try unsafe text(pointer[index], "\(name)[\(index)]")) }
  return found
}

/// Elements, copied.
///
/// - Throws: `argument.null`, `argument.range`.
func elements<Element: BitwiseCopyable>(
  _ pointer: UnsafePointer<Element>?, count: Int, atMost limit: Int, _ name: String
) throws(WeightsError) -> [Element] {
  guard 0...limit ~= count else {
    throw .range(name, "at most \(limit) elements", "\(UInt(bitPattern: count))")
  }
  guard count > 0 else { return [] }
  guard let pointer = unsafe pointer else { throw .null(name) }
  return unsafe Array(UnsafeBufferPointer(start: pointer, count: count))
}

/// A structure with its size in front.
///
/// - Throws: `argument.null`, `structure.size`.
func structure<Structure>(
  _ pointer: UnsafePointer<Structure>?, _ name: String
) throws(WeightsError) -> Structure {
  guard let pointer = unsafe pointer else { throw .null(name) }
  try unsafe checkSize(of: UnsafeRawPointer(pointer), MemoryLayout<Structure>.size, name)
  return unsafe pointer.pointee
}

/// A structure, or nil for NULL.
///
/// - Throws: `structure.size`.
func optionalStructure<Structure>(
  _ pointer: UnsafePointer<Structure>?, _ name: String
) throws(WeightsError) -> Structure? {
  guard unsafe pointer != nil else { return nil }
  return try unsafe structure(pointer, name)
}

/// Every structure begins with its size as its caller knows it.
func checkSize(
  of pointer: UnsafeRawPointer, _ expected: Int, _ name: String
) throws(WeightsError) {
  let found = unsafe pointer.load(as: Int.self)
  guard found >= expected else {
    throw WeightsError(
      .structureSize, .usage,
      "\(name).struct_size: expected \(expected), the size of the structure, found \(found)")
  }
}

/// The number of threads asked for, one for each processor where it is 0.
///
/// - Throws: `argument.range`.
func threadCount(_ requested: UInt32) throws(WeightsError) -> Int {
  guard requested <= 256 else {
    throw .range("threads", "0 to 256", "\(requested)")
  }
  return requested == 0 ? Processors.count : Int(requested)
}

/// One of the words of a type, or nil for NULL.
///
/// - Throws: `argument.text`, `argument.range`.
func word<Word: RawRepresentable<String> & CaseIterable>(
  _ pointer: UnsafePointer<CChar>?, _ name: String, _ type: Word.Type
) throws(WeightsError) -> Word? {
  guard let found = try unsafe optionalText(pointer, name) else { return nil }
  guard let word = Word(rawValue: found) else {
    throw .range(name, Word.allCases.map(\.rawValue).joined(separator: ", "), found.quoted)
  }
  return word
}

extension WeightsError {
  static func null(_ name: String) -> WeightsError {
    WeightsError(.argumentNull, .usage, "\(name): expected an address, found NULL")
  }

  static func range(_ name: String, _ expected: String, _ found: String) -> WeightsError {
    WeightsError(.argumentRange, .usage, "\(name): expected \(expected), found \(found)")
  }
}

extension WeightsError.Code {
  /// NULL where an address is needed.
  static let argumentNull = Self("argument.null")
  /// A number, word or index that is none of those expected.
  static let argumentRange = Self("argument.range")
  /// A text that is not UTF-8.
  static let argumentText = Self("argument.text")
  /// A structure that is smaller than the first version of it.
  static let structureSize = Self("structure.size")
}
