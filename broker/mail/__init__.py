"""The post: messages built so that no header can be injected, and the ways on which they leave."""
