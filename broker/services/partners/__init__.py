"""Partners: the organizations whose people sign in.

Owns: a connector for each partner, the partners' documents and when they are fetched, and the outbound clients for that.
Does not know: logins; how a message is verified (`connectors`).
Offers: `Partners`, `PartnerRefresh`, `OutboundClients`; a folder for what each protocol adds.
"""
