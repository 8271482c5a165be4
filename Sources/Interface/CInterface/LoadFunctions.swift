// Named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import DVLABundles
public import DVLACDepthVLA
import DVLADiagnostics
import DVLAParallelism
import DVLATensors

// Reading and checking the tensors of bundles. The header says what each function does.

@c @implementation
public func dvla_bundle_read(
  _ bundle: dvla_bundle?, _ index: Int, _ offset: UInt64, _ buffer: UnsafeMutableRawPointer?,
  _ byteCount: Int, _ threads: UInt32, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let open = try unsafe Handles.find(number(bundle), OpenBundle.self)
    try open.tensors.check(index)
    let threads = try threadCount(threads)
    let tensor = open.bundle.bundleTensors[index]
    let size = tensor.info.byteCount
    guard offset <= size, byteCount >= 0, byteCount <= size - Int(offset) else {
      throw WeightsError(
        .tensorRange, .usage, file: open.bundle.path, tensor: tensor.name.string,
        "expected a range inside its \(size) bytes, found \(byteCount) bytes at \(offset)")
    }
    guard byteCount > 0 else { return }
    guard let buffer = unsafe buffer else { throw .null("buffer") }
    let start = Int(offset)
    let isInPlace = unsafe open.tensors.resident(index).map { unsafe $0 + start == buffer } ?? false
    let memory = unsafe CallerMemory([
      UnsafeMutableRawBufferPointer(start: buffer, count: byteCount)
    ])
    // Between multiples of a piece, so that no chunk is decoded twice.
    let first = start / pieceByteCount
    try OrderedWork.run(
      items: (start + byteCount - 1) / pieceByteCount - first + 1, threads: threads,
      makeScratch: {},
      work: { (item, _) throws(WeightsError) in
        let piece = (first + item) * pieceByteCount
        let range = max(start, piece)..<min(start + byteCount, piece + pieceByteCount)
        if isInPlace { return try open.bundle.check(tensor.name, in: range) }
        try memory.withBytes(of: 0, in: range.lowerBound - start..<range.upperBound - start) {
          (bytes) throws(WeightsError) in
          try open.bundle.read(tensor.name, at: range.lowerBound, into: &bytes)
        }
      }, consume: { _, _ in })
  }
}

/// What a thread reads at a time: whole chunks of a bundle.
private let pieceByteCount = 1 << 20

@c @implementation
public func dvla_bundle_load(
  _ bundle: dvla_bundle?, _ threads: UInt32, _ take: dvla_tensor_callback?,
  _ context: UnsafeMutableRawPointer?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let open = try unsafe Handles.find(number(bundle), OpenBundle.self)
    guard let take = unsafe take else { throw .null("take") }
    var index = 0
    try open.bundle.load(threads: try threadCount(threads)) { (_, bytes) throws(WeightsError) in
      var tensor = unsafe dvla_tensor()
      unsafe tensor.struct_size = MemoryLayout<dvla_tensor>.size
      unsafe open.tensors.describe(index, &tensor)
      let goesOn = bytes.withBytes { bytes in
        unsafe bytes.withUnsafeBytes { bytes in
          unsafe take(context, index, &tensor, bytes.baseAddress, bytes.count)
        }
      }
      guard goesOn else { throw .stopped }
      index += 1
    }
  }
}

@c @implementation
public func dvla_bundle_verify(
  _ bundle: dvla_bundle?, _ threads: UInt32, _ progress: dvla_progress?,
  _ context: UnsafeMutableRawPointer?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let bundle = try unsafe Handles.find(number(bundle), OpenBundle.self).bundle
    let total = bundle.byteCount
    let found = try bundle.verify(threads: try threadCount(threads)) {
      (done) throws(WeightsError) in
      try unsafe goOn(progress, context, done, of: total)
    }
    if let damage = found.damages.first {
      var failure = damage.error
      failure.details = found.damages.dropFirst().map(\.description)
      throw failure
    }
    if let values = found.nonFinite.first { throw values.error(in: bundle.path) }
  }
}

/// Tells the caller of progress.
///
/// - Throws: `call.stopped`.
func goOn(
  _ progress: dvla_progress?, _ context: UnsafeMutableRawPointer?, _ done: Int, of total: Int
) throws(WeightsError) {
  guard let progress = unsafe progress else { return }
  guard unsafe progress(context, UInt64(done), UInt64(total)) else { throw .stopped }
}
