/// How a stored picture lies, as EXIF and TIFF number it: which transformation turns it upright.
///
/// Source: Pillow 13, `ImageOps.exif_transpose`, which transformers' `load_image` applies.
enum Orientation: Int {
  case upright = 1
  case mirrored
  case rotated180
  case flipped
  case transposed
  case rotatedLeft
  case transverse
  case rotatedRight

  private var swapsSides: Bool { rawValue >= 5 }

  /// Where the upright picture's pixel at (row, column) lies in the stored one.
  private func source(
    row: Int, column: Int, storedWidth width: Int, storedHeight height: Int
  ) -> (row: Int, column: Int) {
    switch self {
    case .upright: (row, column)
    case .mirrored: (row, width - 1 - column)
    case .rotated180: (height - 1 - row, width - 1 - column)
    case .flipped: (height - 1 - row, column)
    case .transposed: (column, row)
    case .rotatedLeft: (height - 1 - column, row)
    case .transverse: (height - 1 - column, width - 1 - row)
    case .rotatedRight: (column, width - 1 - row)
    }
  }

  func upright(_ image: RGBImage) -> RGBImage {
    guard self != .upright else { return image }
    let (width, height) =
      swapsSides ? (image.height, image.width) : (image.width, image.height)
    var pixels = [UInt8](repeating: 0, count: image.pixels.count)
    var target = 0
    for row in 0..<height {
      for column in 0..<width {
        let source = source(
          row: row, column: column, storedWidth: image.width, storedHeight: image.height)
        let start = 3 * (source.row * image.width + source.column)
        for channel in 0..<3 { pixels[target + channel] = image.pixels[start + channel] }
        target += 3
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}
