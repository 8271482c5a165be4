import DVLADiagnostics
import DVLAJSON
import DVLATensors
import Glibc

// Writing what a caller asked for. See Boundary.swift for the invariant.

/// Stores a handle of an object. The place is checked before anything is made.
@safe
struct HandleOutput {
  private let target: UnsafeMutablePointer<OpaquePointer?>

  /// - Throws: `argument.null`.
  init(_ target: UnsafeMutablePointer<OpaquePointer?>?, _ name: String) throws(WeightsError) {
    guard let target = unsafe target else { throw .null(name) }
    unsafe self.target = target
  }

  func store(_ object: any Handled) {
    unsafe target.pointee = OpaquePointer(bitPattern: Handles.add(object))
  }
}

/// The number behind a handle; 0, which none has, for NULL.
func number(_ handle: OpaquePointer?) -> UInt { UInt(bitPattern: handle) }

/// Fills a structure of the caller.
///
/// - Throws: `argument.null`, `structure.size`; what `body` throws.
func fill<Structure>(
  _ target: UnsafeMutablePointer<Structure>?, _ name: String,
  _ body: (inout Structure) throws(WeightsError) -> Void
) throws(WeightsError) {
  guard let target = unsafe target else { throw .null(name) }
  try unsafe checkSize(of: UnsafeRawPointer(target), MemoryLayout<Structure>.size, name)
  try unsafe body(&target.pointee)
}

/// Stores a number.
///
/// - Throws: `argument.null`.
func store<Value>(
  _ value: Value, in target: UnsafeMutablePointer<Value>?, _ name: String
) throws(WeightsError) {
  guard let target = unsafe target else { throw .null(name) }
  unsafe target.pointee = value
}

/// Copies elements into a buffer, which must have room for exactly so many.
///
/// - Throws: `argument.null`, `buffer.size`.
func copy<Element: BitwiseCopyable>(
  _ elements: [Element], to target: UnsafeMutablePointer<Element>?, count: Int, _ name: String
) throws(WeightsError) {
  guard count == elements.count else {
    throw WeightsError(
      .bufferSize, .usage, "\(name): expected room for \(elements.count) elements, found \(count)")
  }
  guard count > 0 else { return }
  guard let target = unsafe target else { throw .null(name) }
  unsafe target.update(from: elements, count: count)
}

/// Copies as many bytes as there are into a buffer with room for at least so many, or only tells
/// how many there are.
///
/// - Throws: `argument.null`, `buffer.size`.
func copy(
  _ bytes: some Collection<UInt8>, to target: UnsafeMutableRawPointer?, capacity: Int,
  length: UnsafeMutablePointer<Int>?
) throws(WeightsError) {
  let count = bytes.count
  try unsafe store(count, in: length, "length")
  guard let target = unsafe target else { return }
  guard count <= capacity else {
    throw WeightsError(
      .bufferSize, .usage, "buffer: expected room for \(count) bytes, found \(capacity)")
  }
  unsafe UnsafeMutableRawBufferPointer(start: target, count: count).copyBytes(from: bytes)
}

extension JSONValue {
  /// Copies the document as text.
  ///
  /// - Throws: `argument.null`, `buffer.size`.
  func copy(
    to buffer: UnsafeMutablePointer<CChar>?, capacity: Int, length: UnsafeMutablePointer<Int>?
  ) throws(WeightsError) {
    try unsafe DVLACInterface.copy(
      encoded().utf8, to: UnsafeMutableRawPointer(buffer), capacity: capacity, length: length)
  }
}

/// A text that C reads, which lives as long as this object.
@safe
final class CText: @unchecked Sendable {
  // Never written to, and freed with the object alone.
  let pointer: UnsafePointer<CChar>

  init(_ text: String) {
    let bytes = text.utf8CString
    let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    unsafe bytes.withUnsafeBufferPointer {
      guard let start = $0.baseAddress else { return }
      unsafe memory.initialize(from: start, count: bytes.count)
    }
    unsafe pointer = UnsafePointer(memory)
  }

  deinit { unsafe pointer.deallocate() }
}

/// Extents that C reads, which live as long as this object.
@safe
final class CExtents: @unchecked Sendable {
  // Never written to, and freed with the object alone.
  let pointer: UnsafePointer<Int64>
  let count: Int

  init(_ shape: Shape) {
    count = shape.rank
    let memory = UnsafeMutablePointer<Int64>.allocate(capacity: max(count, 1))
    for axis in 0..<count { unsafe (memory + axis).initialize(to: Int64(shape[axis])) }
    unsafe pointer = UnsafePointer(memory)
  }

  deinit { unsafe pointer.deallocate() }
}

extension WeightsError.Code {
  /// A buffer of another size than is needed.
  static let bufferSize = Self("buffer.size")
  /// A callback asked to stop.
  static let callStopped = Self("call.stopped")
}

extension WeightsError {
  static var stopped: WeightsError {
    WeightsError(.callStopped, .interrupted, "stopped, as the callback asked")
  }
}
