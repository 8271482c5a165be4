public import DVLADiagnostics

extension WeightsError.Code {
  /// A picture so narrow that resizing it leaves no pixel of one side.
  public static let imageAspect = Self("image.aspect")
}

extension PixelSize {
  /// Checks the size that a processor is about to give to a picture.
  ///
  /// - Throws: `image.aspect`, `image.too-large`.
  func checked(for image: RGBImage) throws(WeightsError) -> PixelSize {
    guard height > 0, width > 0 else {
      throw WeightsError(
        .imageAspect,
        "a picture of \(image.width) x \(image.height) pixels would be resized to \(width) x \(height): "
          + "too narrow for this model")
    }
    guard height <= ImageLimits.default.pixelCount / width else {
      throw WeightsError(
        .imageTooLarge,
        "a picture of \(image.width) x \(image.height) pixels would be resized to \(width) x \(height), "
          + "expected at most "
          + "\(ImageLimits.default.pixelCount) pixels")
    }
    return self
  }

  func resize(_ image: RGBImage, by method: ResizeMethod) -> RGBImage {
    PictureResizer(from: image.size, to: self, by: method)(image)
  }
}

extension RGBImage {
  /// The whole picture at another size, whatever its aspect ratio.
  ///
  /// - Throws: `image.aspect` where a side would be 0, `image.too-large`.
  public func stretched(
    to size: PixelSize, by method: ResizeMethod
  ) throws(WeightsError) -> RGBImage {
    try size.checked(for: self).resize(self, by: method)
  }
}
