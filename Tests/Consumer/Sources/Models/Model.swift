/// A robot's own idea of a model, in a module called like one of ours was.
public struct Model: Sendable {
  public var fileName: String

  public init(fileName: String) { self.fileName = fileName }
}
