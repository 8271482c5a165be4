import DVLABase64
public import DVLADiagnostics
public import DVLAImages

/// A picture inside the page.
public struct Picture: Sendable {
  /// Larger ones are scaled down to it, so that a page with many stays small.
  public static let greatestWidth = 320

  private let image: RGBImage
  /// What it shows, for people who do not see it.
  private let description: String
  private let caption: String

  public init(_ image: RGBImage, caption: String, description: String) {
    self.image = image
    self.caption = caption
    self.description = description
  }

  /// - Throws: `image.aspect`, `image.too-large`, `image.memory`, `image.encode`.
  public func markup() throws(WeightsError) -> Markup {
    let shown = try Self.fitted(image)
    var text: Markup = "<figure>\n<figcaption>\(caption)</figcaption>\n"
    // Small ones are enlarged by the browser, without inventing colours in between.
    text += image.width < Self.greatestWidth ? "<img class=\"small\" " : "<img "
    text += "width=\"\(shown.width)\" height=\"\(shown.height)\" alt=\"\(description)\" "
    text += "src=\"\(try Self.address(of: shown))\">\n"
    return text + "</figure>\n"
  }

  /// An address that is the picture itself.
  ///
  /// - Throws: `image.memory`, `image.encode`.
  static func address(of image: RGBImage) throws(WeightsError) -> Markup {
    "data:image/png;base64,\(Base64.encode(try PNGFile.encode(image)))"
  }

  /// No wider than ``greatestWidth``, the aspect ratio kept.
  static func fitted(_ image: RGBImage) throws(WeightsError) -> RGBImage {
    guard image.width > greatestWidth else { return image }
    let height = max(1, image.height * greatestWidth / image.width)
    return try image.stretched(
      to: PixelSize(height: height, width: greatestWidth), by: ResizeMethod(.pil, .bilinear))
  }
}
