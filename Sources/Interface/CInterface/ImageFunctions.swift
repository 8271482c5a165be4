// Named as in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import DVLACDepthVLA
import DVLADiagnostics
import DVLAImages

// Pictures. The header says what each function does.

/// A picture that C has decoded.
final class DecodedImage: Handled {
  static let noun = "picture"

  let size: PixelSize
  private let pixels: CPixels

  init(_ image: RGBImage) {
    size = image.size
    pixels = CPixels(image.pixels)
  }

  var address: UnsafePointer<UInt8> { unsafe pixels.pointer }
}

/// Pixels that C reads, which live as long as this object.
@safe
private final class CPixels: @unchecked Sendable {
  // Never written to, and freed with the object alone.
  let pointer: UnsafePointer<UInt8>

  init(_ pixels: [UInt8]) {
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(pixels.count, 1))
    unsafe memory.initialize(from: pixels, count: pixels.count)
    unsafe pointer = UnsafePointer(memory)
  }

  deinit { unsafe pointer.deallocate() }
}

extension RGBImage {
  /// A picture of the caller, copied.
  ///
  /// - Throws: `argument.*`, `structure.size`; `image.zero-size`, `image.too-large`.
  init(_ picture: dvla_picture, _ name: String) throws(WeightsError) {
    guard unsafe picture.struct_size >= MemoryLayout<dvla_picture>.size else {
      throw WeightsError(
        .structureSize, .usage,
        unsafe "\(name).struct_size: expected \(MemoryLayout<dvla_picture>.size), the size of the structure, "
          + "found \(unsafe picture.struct_size)")
    }
    let (width, height) = unsafe (picture.width, picture.height)
    do throws(WeightsError) {
      try ImageLimits.default.check(width: width, height: height)
    } catch {
      throw error.prefixed("\(name): ")
    }
    guard let start = unsafe picture.rgb else { throw .null("\(name).rgb") }
    let row = 3 * width
    let stride = unsafe picture.row_stride == 0 ? row : picture.row_stride
    guard stride >= row, stride <= 1 << 24 else {
      throw .range("\(name).row_stride", "\(row) to 2^24 bytes for \(width) pixels", "\(stride)")
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(row * height)
    for y in 0..<height {
      unsafe pixels.append(contentsOf: UnsafeBufferPointer(start: start + y * stride, count: row))
    }
    self.init(width: width, height: height, pixels: pixels)
  }
}

@c @implementation
public func dvla_image_decode(
  _ file: UnsafeRawPointer?, _ byteCount: Int, _ image: UnsafeMutablePointer<dvla_image?>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let output = try unsafe HandleOutput(image, "image")
    let bytes = try unsafe elements(
      file?.assumingMemoryBound(to: UInt8.self), count: byteCount,
      atMost: ImageLimits.default.fileByteCount, "file")
    output.store(DecodedImage(try ImageFile.decode(bytes)))
  }
}

@c @implementation
public func dvla_image_close(
  _ image: dvla_image?, _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    try unsafe Handles.close(number(image), DecodedImage.self)
  }
}

@c @implementation
public func dvla_image_picture(
  _ image: dvla_image?, _ picture: UnsafeMutablePointer<dvla_picture>?,
  _ error: UnsafeMutablePointer<dvla_error>?
) -> Int32 {
  unsafe boundary(error) { () throws(WeightsError) in
    let decoded = try unsafe Handles.find(number(image), DecodedImage.self)
    try unsafe fill(picture, "picture") { (picture) throws(WeightsError) in
      unsafe picture.rgb = decoded.address
      unsafe picture.height = decoded.size.height
      unsafe picture.width = decoded.size.width
      unsafe picture.row_stride = 0
      unsafe picture.name = nil
    }
  }
}
