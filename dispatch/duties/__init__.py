"""The duty list (权责清单): read, compared, replayed and shown; its writers stand in actions/."""
