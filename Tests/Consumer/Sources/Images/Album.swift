/// A robot's own pictures, in a module called like one of ours was.
public enum Album {
  public static let pictures = ["kitchen.jpg"]
}
